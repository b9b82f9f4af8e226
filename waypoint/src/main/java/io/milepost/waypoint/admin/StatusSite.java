package io.milepost.waypoint.admin;

/** Readiness for kubelet, on the status port. */
final class StatusSite implements Site {
    static final String READY = "/healthz/ready";

    private final Operations operations;

    StatusSite(Operations operations) {
        this.operations = operations;
    }

    static Answer ready(Operations operations) {
        Operations.State state = operations.state();
        return Answer.text(state == Operations.State.LIVE ? 200 : 503, state + "\n");
    }

    @Override
    public Answer answer(Question q) {
        return q.path().equals(READY) ? ready(operations) : Answer.notFound(q.path());
    }
}
