package io.milepost.filters;

import io.milepost.http.RequestHead;
import io.milepost.policy.Attributes;
import org.jspecify.annotations.Nullable;

/** What a filter sees of an exchange. Confined to the exchange's event loop. */
public interface FilterContext {
    /** The request as the client sent it, with a normalised path. Filters may change its headers. */
    RequestHead request();

    /** What authorization sees. */
    Attributes attributes();

    /** The rule that the request goes to; null when none matches. */
    @Nullable
    RouteDecision route();

    /** Goes on after {@link FilterResult#SUSPEND}. Safe from any thread; calls after the exchange's end do nothing. */
    void resume();

    /** Answers after {@link FilterResult#SUSPEND}. Safe from any thread; calls after the exchange's end do nothing. */
    void reply(LocalReply reply);

    /** Runs a task on the exchange's event loop after a time; it is dropped when the exchange ends before. */
    void schedule(long delayMillis, Runnable task);

    /** A random number. */
    long random();

    /** Adds a flag to {@code %RESPONSE_FLAGS%}, for example {@code DI}. */
    void flag(String flag);
}
