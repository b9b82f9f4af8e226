package io.milepost.waypoint.exchange;

import io.milepost.filters.FilterContext;
import io.milepost.filters.FilterResult;
import io.milepost.filters.HttpFilter;
import io.milepost.filters.LocalReply;
import io.milepost.http.HeaderName;

/** Upgrades to anything but WebSocket are refused (recorded: http-upgrade). */
final class UpgradeHttpFilter implements HttpFilter {
    private static final FilterResult REFUSED = new FilterResult.Reply(LocalReply.of(403, "", "upgrade_failed", ""));

    @Override
    public FilterResult onRequest(FilterContext context) {
        // The header is only still there when the request asks for an upgrade.
        return !context.request().headers().contains(HeaderName.UPGRADE) || RequestEdge.isWebSocket(context.request())
                ? FilterResult.CONTINUE
                : REFUSED;
    }
}
