"""THE OUTBOX: how does every invitation that waits go out once, though workers die and providers fail?

In the order in which a message passes: claim -> deliver -> record; retry says when again; lanes bound how many workers
send at once; tend sees to what a dead worker left; expiry ends what was not used; dispatch tells a worker.

What a dead worker leaves. A lane claims a bundle of invitations and commits them as `sending`, each with the lane's
holder. It sends them in the order in which it claimed them, and commits the outcome of each before it begins the
next. So of the bundle of a worker that died, the first one without an outcome may have gone out, and the others have
not. tend puts all of them back to `queued`: nothing is lost, and at most one message a dead worker goes out twice.
Both copies say the same (link_token.py: the token is derived, not drawn) and carry the same Message-ID, by which mail
servers and programs can tell that the second is a copy; the timeline of the invitation says that it may be there twice.

What a dead database server forgets. That a message was sent is committed without waiting for the disk: the wait would
be most of the time that a message takes. A worker that dies loses none of this. A database server whose machine loses
power forgets up to half a second of it, never more than the bundles in hand, whose claims are on the disk: these
messages go out twice, with the same Message-ID.
"""
