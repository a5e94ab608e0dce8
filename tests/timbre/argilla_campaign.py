"""A campaign with candidates in Argilla, an annotator, and a store that its reviews go to."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from annotation.argilla.connection import Connection
from annotation.argilla.review_watcher import WatchConfig
from annotation.items import CandidateItem
from annotation.submit import submit
from db.records import Answer, Review, ReviewerKind, ReviewStatus
from db.reviews import current_reviews
from db.store import Store
from timbre.campaign import Campaign
from timbre.workflows.review.pull import review_watcher

ANSWERS = (Answer("faithful", "yes"), Answer("natural", "yes"), Answer("tone", 4))


def review(subject: str, decision: str) -> Review:
    """A person's answers to every required question; Argilla knows the person by the key."""
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=(Answer("decision", decision), *ANSWERS),
    )


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether a condition is met within 30 seconds."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


@dataclass
class ArgillaCampaign:
    """The campaign, its connections and its store's URL; `messages` are those of the watcher."""

    owner: Connection
    annotator: Connection
    campaign: Campaign
    items: list[CandidateItem]
    url: str
    messages: list[str] = field(default_factory=list)

    @contextmanager
    def watch(self, config: WatchConfig) -> Iterator[None]:
        """Watch in another thread, as the command does, with a store of its own."""
        with Store.open(self.url) as store:
            watcher = review_watcher(store, self.campaign, self.owner, self.messages.append, config)
            thread = threading.Thread(target=watcher.run)
            thread.start()
            try:
                assert wait_until(lambda: any(m.startswith("Watching") for m in self.messages))
                yield
            finally:
                watcher.stopped.set()
                thread.join()

    def submit(self, number: int, decision: str) -> None:
        """Submit a review of a candidate as the annotator."""
        reviews = [review(self.items[number].candidate.id, decision)]
        submit(self.annotator, self.campaign.candidates_dataset, reviews)

    def decisions(self) -> list[str]:
        """The decisions that the store holds now, sorted."""
        with Store.open(self.url) as store:
            return sorted(str(review.answer("decision")) for review in current_reviews(store))

    def wait_for(self, *decisions: str) -> None:
        """Fail unless the store soon holds just these decisions, given in sorted order."""
        assert wait_until(lambda: self.decisions() == [*decisions]), self.decisions()
