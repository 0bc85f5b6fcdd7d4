// The digits that the demo trains on. The preprocessor puts the file into the program: unlike a SwiftPM resource it needs
// nothing beside a binary that is moved, and unlike an array literal it compiles in no time.
#pragma once

static const unsigned char swa_digits[] = {
#embed "digits.csv"
};

static inline int swa_digits_byte_count(void) { return (int)sizeof swa_digits; }
static inline unsigned char swa_digits_byte(int index) { return swa_digits[index]; }
