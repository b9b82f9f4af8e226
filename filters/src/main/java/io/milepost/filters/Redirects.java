package io.milepost.filters;

import io.milepost.http.HeaderName;
import io.milepost.http.RequestHead;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;

/** A compiled redirect: builds {@code location} as Envoy does. */
public final class Redirects {
    private final RouteAction.Redirect redirect;
    private final PathRewrite path;
    private final boolean pathHasQuery;
    private final String port;

    private Redirects(RouteAction.Redirect r, PathMatch match) {
        redirect = r;
        path = PathRewrite.ofRedirect(r, match);
        pathHasQuery = r.path().map(p -> p.indexOf('?') >= 0).orElse(false);
        port = r.port() > 0 ? ":" + r.port() : "";
    }

    static Redirects compile(RouteAction.Redirect redirect, PathMatch match) {
        return new Redirects(redirect, match);
    }

    /** The answer: status and {@code location}; a gRPC client gets grpc-status 2 with it. */
    public LocalReply reply(RequestHead request) {
        return LocalReply.of(redirect.status(), "", "direct_response", "")
                .withHeader(HeaderName.LOCATION, Format.bytes(location(request)));
    }

    /** The absolute URL. */
    public String location(RequestHead request) {
        StringBuilder s = new StringBuilder(64);
        String scheme = redirect.scheme().orElse("");
        if (scheme.isEmpty()) {
            scheme = request.scheme().isEmpty() ? "http" : request.scheme().toString();
        }
        s.append(scheme).append("://");
        if (redirect.host().isPresent() && !redirect.host().get().isEmpty()) {
            s.append(redirect.host().get());
        } else {
            appendHost(s, request, scheme);
        }
        s.append(port);
        appendPath(s, request);
        return s.toString();
    }

    /** Host's own port goes when a port is given, or when it is the default of a scheme that changes. */
    private void appendHost(StringBuilder s, RequestHead request, String scheme) {
        AsciiString host = request.authority();
        int colon = host.lastIndexOf(":");
        if (!host.isEmpty() && host.charAt(0) == '[') {
            int bracket = host.lastIndexOf("]:");
            colon = bracket < 0 ? -1 : bracket + 1;
        }
        int end = host.length();
        if (colon >= 0) {
            boolean remove = !port.isEmpty();
            AsciiString old = request.scheme();
            if (!old.contentEquals(scheme)) {
                CharSequence p = host.subSequence(colon, end);
                remove |= old.contentEquals("http") && AsciiString.contentEquals(p, ":80");
                remove |= old.contentEquals("https") && AsciiString.contentEquals(p, ":443");
            }
            if (remove) {
                end = colon;
            }
        }
        s.append(host, 0, end);
    }

    private void appendPath(StringBuilder s, RequestHead request) {
        AsciiString target = request.path();
        int n = request.pathLength();
        boolean keepQuery = !redirect.stripQuery();
        if (redirect.path().isPresent() && !redirect.path().get().isEmpty()) {
            s.append(redirect.path().get());
            if (keepQuery && !pathHasQuery) {
                s.append(target, n, target.length());
            }
            return;
        }
        AsciiString changed = path.isEmpty() ? target : path.rewritten(request);
        int query = changed.indexOf("?");
        s.append(changed, 0, keepQuery || query < 0 ? changed.length() : query);
    }
}
