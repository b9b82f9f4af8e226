package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.ResponseHead;
import io.netty.util.AsciiString;

/** Answers preflights and completes responses by the CORS policy of the chosen rule. */
public final class CorsHttpFilter implements HttpFilter {
    @Override
    public FilterResult onRequest(FilterContext context) {
        RouteDecision route = context.route();
        CorsPolicy cors = route == null ? null : route.cors();
        LocalReply preflight = cors == null ? null : cors.preflight(context.request());
        return preflight == null ? FilterResult.CONTINUE : new FilterResult.Reply(preflight);
    }

    @Override
    public void onResponse(FilterContext context, ResponseHead head) {
        RouteDecision route = context.route();
        CorsPolicy cors = route == null ? null : route.cors();
        // The answer to a preflight is complete already.
        if (cors == null || !cors.originMatches(context.request()) || cors.answersPreflight(context.request())) {
            return;
        }
        AsciiString origin = context.request().headers().get(HeaderName.ORIGIN);
        if (origin != null) {
            cors.onResponse(head, origin);
        }
    }
}
