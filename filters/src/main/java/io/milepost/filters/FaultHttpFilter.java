package io.milepost.filters;

import org.jspecify.annotations.Nullable;

/** Injects the fault of the chosen rule: the delay first, then the abort. */
public final class FaultHttpFilter implements HttpFilter {
    @Override
    public FilterResult onRequest(FilterContext context) {
        RouteDecision route = context.route();
        FaultPolicy fault = route == null ? null : route.fault();
        if (fault == null) {
            return FilterResult.CONTINUE;
        }
        long delay = fault.delayMillis(context.random());
        if (delay == 0) {
            LocalReply abort = fault.abort(context.random());
            return abort == null ? FilterResult.CONTINUE : new FilterResult.Reply(abort);
        }
        context.flag("DI");
        context.schedule(delay, () -> afterDelay(context, fault.abort(context.random())));
        return FilterResult.SUSPEND;
    }

    private static void afterDelay(FilterContext context, @Nullable LocalReply abort) {
        if (abort == null) {
            context.resume();
        } else {
            context.reply(abort);
        }
    }
}
