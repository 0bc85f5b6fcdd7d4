/// The ways in which a request's head can be unsound.
enum HeadError: Error, Sendable, Equatable, CaseIterable {
  case bareLineFeed
  case bareCarriageReturn
  case controlByte
  case malformedRequestLine
  case invalidMethod
  case invalidTarget
  case invalidPercentEncoding
  case unsupportedTargetForm
  case connectTarget
  case malformedVersion
  case unsupportedVersion
  case foldedField
  case invalidFieldName
  case missingHost
  case repeatedHost
  case invalidHost
  case invalidContentLength
  case differingContentLengths
  case contentLengthWithTransferEncoding
  case transferEncodingInHTTP10
  case emptyTransferEncoding
  case misplacedChunked
  case unknownTransferCoding
  case targetTooLong
  case headTooLarge
  case tooManyFields
}
