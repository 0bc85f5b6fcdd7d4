"""Servers of rounds with a journal, killed at any moment: a contribution counts once, or its trainer is told that it does
not, and what waited for others is sent again."""

import json
import os
import random
import threading
import time
from itertools import groupby

import pytest
import requests
import safetensors.numpy

from server import Client
from tensors import encode
from test_kill import SEED, TRAINERS, Mortal, Place, begin, content, state, tensors, without_epoch
from trainers import total

KILLS = 80 if "LONG_TESTS" in os.environ else 6
SYNC = ("--aggregation", "sync", "--replicas", str(TRAINERS))
NAMES = [f"t{index}" for index in range(TRAINERS)]


def fields(trainer, iteration):
    """What a contribution says of itself, now and when it is sent again."""
    return {
        "Trainer-Id": NAMES[trainer],
        "Weights-Iteration": str(iteration),
        "Idempotency-Key": f'"push-{iteration}"',
    }


class Trainer(threading.Thread):
    """Contributes to one round after the other, to each until it is told what became of it."""

    def __init__(self, server, index):
        super().__init__(daemon=True)
        self.server, self.index = server, index
        self.iteration, self.last = 0, None
        self.counted, self.late, self.resent = [], 0, 0
        self.failure = None

    def run(self):
        with requests.Session() as session:
            session.trust_env = False
            while self.failure is None and (self.last is None or self.iteration < self.last):
                self.contribute(session)

    def contribute(self, session):
        data = content(self.index, self.iteration)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                response = session.post(
                    self.server.url + "/v1/gradients",
                    data=data,
                    headers=fields(self.index, self.iteration),
                    timeout=30,
                )
            except requests.RequestException:
                time.sleep(0.005)
                continue
            if response.status_code == 200:
                self.resent += response.headers.get("Idempotent-Replayed") == "true"
                self.counted.append((response.json()["iterations"], self.index, self.iteration, response.content))
                self.iteration = response.json()["iterations"]
                return
            if response.status_code == 409 and response.json()["type"] == "/problems/stale-gradient":
                self.late += 1
                self.iteration = response.json()["iterations"]
                return
            if response.status_code != 503:
                self.failure = response.text
                return
            time.sleep(0.005)
        self.failure = "no answer in two minutes"


def summed(contributions):
    """What a round makes of them, as the content of one push; float64 where the variable is."""
    gradients = []
    for _, trainer, number, _ in contributions:
        tensors = safetensors.numpy.load(content(trainer, number))
        gradients.append(tensors | {"d": tensors["d"].astype("<f8")})
    return encode(total(gradients))


@pytest.mark.parametrize("grace", [None, "0.01"], ids=["all", "who comes in time"])
def test_every_contribution_counts_once_or_not_at_all(tmp_path, start, grace):
    rng = random.Random(SEED)
    mortal = Mortal(tmp_path, *SYNC, *(["--min-replicas", "2", "--sync-grace", grace] if grace else []))
    mortal.start()
    try:
        mortal.wait()
        with Client(Place(mortal.url)) as client:
            begin(client)
        trainers = [Trainer(mortal, index) for index in range(TRAINERS)]
        for trainer in trainers:
            trainer.start()
        for _ in range(KILLS):
            if rng.random() > 0.2:
                mortal.wait()
            time.sleep(rng.uniform(0, 0.12))
            mortal.kill()
            mortal.start()
        mortal.wait()
        last = max(trainer.iteration for trainer in trainers) + 5
        for trainer in trainers:
            trainer.last = last
        for trainer in trainers:
            trainer.join(150)
            assert not trainer.is_alive() and trainer.failure is None, trainer.failure
        mortal.kill()
        mortal.start()
        mortal.wait()

        counted = sorted(contribution for trainer in trainers for contribution in trainer.counted)
        late = sum(trainer.late for trainer in trainers)
        assert grace or late == 0
        with Client(Place(mortal.url)) as client, Client(start()) as calm:
            begin(calm)
            survived = state(client)
            rounds = 0
            for iteration, contributions in groupby(counted, lambda contribution: contribution[0]):
                contributions, rounds = list(contributions), rounds + 1
                assert iteration == rounds
                assert len(contributions) == TRAINERS or (grace and len(contributions) == 2)
                assert {number for _, _, number, _ in contributions} == {iteration - 1}
                assert len({receipt for *_, receipt in contributions}) == 1
                base = {"Weights-Iteration": str(iteration - 1)}
                again = calm.post("/v1/gradients", data=summed(contributions), headers=base)
                assert without_epoch(again.content) == without_epoch(contributions[0][3])
            # Where the machine is busy, a server may be killed before anybody has reached it.
            assert rounds > KILLS // 4
            assert survived == state(calm)
            for _, trainer, number, receipt in counted[:50] + counted[-250:]:
                again = client.post("/v1/gradients", data=content(trainer, number), headers=fields(trainer, number))
                assert again.headers["Idempotent-Replayed"] == "true"
                assert again.content == receipt
            assert state(client) == survived
        resent = sum(trainer.resent for trainer in trainers)
        print(f"{KILLS} kills, {rounds} rounds, {len(counted)} counted, {resent} answered twice, {late} late")
    finally:
        mortal.close()


def test_what_waited_for_others_at_a_crash_is_gone_until_it_is_sent_again(tmp_path):
    mortal = Mortal(tmp_path, *SYNC)
    mortal.start()

    def contributions(client, count):
        deadline = time.monotonic() + 30
        while client.status()["round"]["contributions"] != count:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    try:
        mortal.wait()
        with Client(Place(mortal.url)) as client:
            begin(client)
            before = tensors(client, "/v1/weights")
            trainers = [Trainer(mortal, index) for index in range(TRAINERS)]
            for trainer in trainers:
                trainer.last = 1
            for trainer in trainers[:2]:
                trainer.start()
            contributions(client, 2)
        mortal.kill()
        mortal.start()
        mortal.wait()
        with Client(Place(mortal.url)) as client:
            # Two that were not told anything come again by themselves.
            contributions(client, 2)
            assert tensors(client, "/v1/weights") == before
            trainers[2].start()
            for trainer in trainers:
                trainer.join(60)
                assert trainer.failure is None and len(trainer.counted) == 1
            assert len({trainer.counted[0][3] for trainer in trainers}) == 1
            assert json.loads(trainers[0].counted[0][3])["iterations"] == client.status()["iterations"] == 1
    finally:
        mortal.close()
