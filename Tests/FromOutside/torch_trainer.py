"""A trainer in PyTorch: a convolutional network with batch normalization, on images of hand-written digits."""

import safetensors.torch
import torch
from torch import nn

from trainers import Batches, Trainer, digits

BUFFERS = ["1.running_mean", "1.running_var"]


def network():
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10)
    )


def tensors(images, labels):
    return torch.from_numpy(images).reshape(-1, 1, 8, 8), torch.from_numpy(labels)


def state(content):
    """What a file holds, in the memory of its own that load_state_dict wants."""
    return {name: tensor.clone() for name, tensor in safetensors.torch.load(content).items()}


def push_content(model):
    """Gradients, and with them the statistics that the batch has changed."""
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return safetensors.torch.save(gradients | dict(model.named_buffers()))


def accuracy(model):
    images, labels = tensors(*digits()[1])
    model.eval()
    with torch.no_grad():
        return float((model(images).argmax(dim=1) == labels).float().mean())


def train(pipe, url, name, seed, pushes):
    torch.set_num_threads(1)
    trainer, batches, model = Trainer(url, name), Batches(seed, 32), network()
    for _ in range(pushes):
        pulled = trainer.session.get(url + "/v1/weights", timeout=60)
        model.load_state_dict(state(pulled.content))
        model.train()
        model.zero_grad()
        images, labels = tensors(*batches.next())
        nn.functional.cross_entropy(model(images), labels).backward()
        fields = trainer.base(pulled) | {"Trainer-Id": name}
        pushed = trainer.session.post(url + "/v1/gradients", data=push_content(model), headers=fields, timeout=60)
        pushed.raise_for_status()
    pipe.send("done")
