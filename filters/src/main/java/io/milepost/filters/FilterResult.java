package io.milepost.filters;

/** What a filter wants to happen to the request. */
public sealed interface FilterResult {
    /** Go on with the next filter. */
    record Continue() implements FilterResult {}

    /** Answer instead of the backend. */
    record Reply(LocalReply reply) implements FilterResult {}

    /** Wait until the filter calls the context. */
    record Suspend() implements FilterResult {}

    Continue CONTINUE = new Continue();
    Suspend SUSPEND = new Suspend();
}
