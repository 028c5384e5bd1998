"""What was counted over the rows of a batch in review, and is it still true? Asked by the forecast and the row list.

Counting takes as long as the rest of the page at 200,000 rows, so the cache keeps it until a choice changes: each such
change moves `state_changed_at`.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.cache import BaseCache
from redis.exceptions import RedisError

from devices.models import ImportBatch

logger = logging.getLogger(__name__)

KEEP_SECONDS = 3_600
Counts = dict[str, int]


def kept_counts(
    batch: ImportBatch, cache: BaseCache, question: Mapping[str, Any], count: Callable[[], Counts]
) -> Counts:
    """Return what `count` returns, or returned for the same question since the last choice.

    Args:
        batch: the batch, loaded before its rows are counted.
        cache: one that can't be reached counts as empty.
        question: what is counted; JSON.
        count: counts it.
    """
    digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
    key = f"import-counts-{batch.pk}-{batch.state_changed_at.timestamp()}-{digest}"
    try:
        kept: Counts | None = cache.get(key)
        if kept is None:
            kept = count()
            cache.set(key, kept, KEEP_SECONDS)
    except RedisError as error:
        logger.warning("import batch %s: counts can't be kept: %s", batch.pk, error)
        return count()
    return kept
