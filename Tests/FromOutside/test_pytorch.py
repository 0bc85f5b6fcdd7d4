"""PyTorch's models, trainers and own averaging, held against the server."""

from server import Client, long, problem
from test_training import run


@long
def test_trainers_in_pytorch_and_recomputed_batch_statistics(server):
    import safetensors.torch
    import torch
    import torch_trainer

    model = torch_trainer.network()
    names = ",".join(torch_trainer.BUFFERS)
    with Client(server) as client:
        sgd = {"class_name": "SGD", "config": {"learning_rate": 0.02, "momentum": 0.9}}
        swa = {"optimizer": sgd, "start_averaging": 200, "average_period": 5}
        assert client.put("/v1/optimizer", json={"class_name": "SWA", "config": swa}).status_code == 200
        content = safetensors.torch.save(model.state_dict())
        assert client.put(f"/v1/weights?non_trainable={names}", data=content).status_code == 201
        run(*[(torch_trainer.train, server.url, f"torch-{index}", index, 150) for index in range(2)])
        assert client.status()["iterations"] == 300
        averaged = client.get("/v1/weights/averaged")
        model.load_state_dict(torch_trainer.state(averaged.content))
        # PyTorch's way after averaging: the statistics that belong to the averaged weights.
        images, labels = torch_trainer.tensors(*torch_trainer.digits()[0])
        torch.optim.swa_utils.update_bn(torch.utils.data.DataLoader(list(zip(images, labels)), 128), model)
        recomputed = safetensors.torch.save(dict(model.named_buffers()))
        put = client.put("/v1/weights/averaged", data=recomputed, headers={"If-Match": averaged.headers["ETag"]})
        assert put.status_code == 200
        fetched = torch_trainer.state(client.get("/v1/weights/averaged").content)
    assert fetched.keys() == model.state_dict().keys()
    assert all(torch.equal(fetched[name], tensor) for name, tensor in model.state_dict().items())
    model.load_state_dict(fetched)
    assert torch_trainer.accuracy(model) > 0.93


def resnet18():
    """He et al. 2016, with the names of torchvision's."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs, width, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            if stride != 1 or inputs != width:
                self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))
            else:
                self.downsample = nn.Identity()

        def forward(self, x):
            y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            return (y + self.downsample(x)).relu()

    class ResNet18(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            for index, (inputs, width) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 1):
                blocks = nn.Sequential(Block(inputs, width, 1 if index == 1 else 2), Block(width, width, 1))
                self.add_module(f"layer{index}", blocks)
            self.fc = nn.Linear(512, 1000)

        def forward(self, x):
            x = self.maxpool(self.bn1(self.conv1(x)).relu())
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(x.mean(dim=(2, 3)))

    return ResNet18()


@long
def test_the_state_of_a_resnet_18_is_trained_and_averaged_as_by_pytorch(server):
    import safetensors.torch
    import torch
    import torch_trainer

    torch.manual_seed(1)
    model = resnet18()
    names = [name for name, buffer in model.named_buffers() if buffer.is_floating_point()]
    assert len(model.state_dict()) == 122 and len(names) == 40
    content = safetensors.torch.save(model.state_dict(), {"non_trainable": str(names).replace("'", '"')})
    sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    averaged = torch.optim.swa_utils.AveragedModel(model)

    with Client(server) as client:
        # Momentum here is PyTorch's divided by the rate, as long as that is constant.
        inner = {"class_name": "SGD", "config": {"learning_rate": 0.01, "momentum": 0.9}}
        swa = {"optimizer": inner, "average_period": 1}
        assert client.put("/v1/optimizer", json={"class_name": "SWA", "config": swa}).status_code == 200
        assert client.put("/v1/weights", data=content).status_code == 201
        for _ in range(4):
            sgd.zero_grad()
            images, labels = torch.randn(4, 3, 64, 64), torch.randint(0, 1000, (4,))
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            assert client.post("/v1/gradients", data=torch_trainer.push_content(model)).status_code == 200
            sgd.step()
            averaged.update_parameters(model)
        found = torch_trainer.state(client.get("/v1/weights").content)
        average = torch_trainer.state(client.get("/v1/weights/averaged").content)
        wrong = safetensors.torch.save({"bn1.num_batches_tracked": torch.tensor(1.0)})
        problem(client.post("/v1/gradients", data=wrong), 422, "dtype-mismatch")

    buffers = {name for name, _ in model.named_buffers()}
    for states, expected in ((found, model.state_dict()), (average, averaged.module.state_dict())):
        assert states.keys() == expected.keys()
        for name, tensor in expected.items():
            assert states[name].dtype == tensor.dtype
            if name in buffers:
                assert torch.equal(states[name], tensor), name
            else:
                torch.testing.assert_close(states[name], tensor, rtol=1e-5, atol=1e-7)
