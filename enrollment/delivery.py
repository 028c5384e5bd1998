"""What does an enrolled device get, has it changed, and which versions were handed out? Asked by the gate and
the device API."""

import hashlib
import json
import logging
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from devices.models import Device, DevicePolicy
from devices.policies.effective import document_of, effective_of

logger = logging.getLogger(__name__)

TRIES = 3
# Raise it when the answer says the same in other words: devices then fetch it anew.
FORMAT = 1


def answer_of(device: Device) -> dict[str, Any]:
    """Return what a device is told of itself: who it is, its groups, policies and apps, ready for JSON."""
    user = device.user
    return {
        "device_id": device.pk,
        "status": device.status,
        "name": str(device),
        "user": {"name": user.name, "email": user.email} if user else None,
        **document_of(device),
    }


def fingerprint_of(device: Device) -> str:
    """Return 32 characters that change with each change of what `answer_of` tells; one query, which reads no content.

    A policy's content has a version of its own, so its number stands for settings, apps and profile.
    """
    effective = effective_of([device.pk], with_content=False)[device.pk]
    user = device.user
    told = (
        FORMAT,
        device.pk,
        device.platform,
        device.status,
        str(device),
        (user.name, user.email) if user else None,
        effective.groups,
        [(policy.id, policy.name, policy.version) for policy in effective.policies],
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def hand_out(device: Device) -> dict[str, Any]:
    """Return what `answer_of` tells, and write down that the device was told."""
    for attempt in range(1, TRIES + 1):
        told = answer_of(device)
        try:
            deliver(device, told["policies"])
        except IntegrityError:
            # A policy was deleted since it was read.
            if attempt == TRIES:
                raise
            logger.info("device %s: its policies changed while they were handed out", device.pk)
        else:
            break
    return told


def deliver(device: Device, policies: list[dict[str, Any]]) -> None:
    """Write down which versions of which policies an answer carries. What it carries no more is forgotten.

    Args:
        device: that gets the answer.
        policies: as `document_of` tells them.
    """
    known = dict(DevicePolicy.objects.filter(device=device).values_list("policy", "version"))
    now = timezone.now()
    new = [
        DevicePolicy(device=device, policy_id=policy["id"], version=policy["version"], changed_at=now)
        for policy in policies
        if known.get(policy["id"]) != policy["version"]
    ]
    gone = known.keys() - {policy["id"] for policy in policies}
    if gone:
        DevicePolicy.objects.filter(device=device, policy__in=gone).delete()
    if new:
        DevicePolicy.objects.bulk_create(
            new,
            update_conflicts=True,
            unique_fields=["device", "policy"],
            update_fields=["version", "state", "message", "changed_at"],
        )
