package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.JoinedHeaders;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Map;

/** Between our heads and Netty's HTTP/2 headers. */
final class Http2Heads {
    private static final AsciiString HTTP = AsciiString.cached("http");

    private Http2Heads() {}

    static Headers fields(Http2Headers in) {
        Headers h = new Headers(Math.max(8, in.size()));
        StringBuilder cookies = null;
        for (Map.Entry<CharSequence, CharSequence> e : in) {
            AsciiString name = AsciiString.of(e.getKey());
            if (name.isEmpty() || name.byteAt(0) == ':') {
                continue;
            }
            HeaderName n = HeaderName.of(name);
            if (n.equals(HeaderName.COOKIE)) {
                // RFC 9113 8.2.3: crumbs are joined before the request leaves HTTP/2.
                cookies = cookies == null ? new StringBuilder() : cookies.append("; ");
                cookies.append(e.getValue());
                continue;
            }
            h.add(n, AsciiString.of(e.getValue()));
        }
        if (cookies != null) {
            h.add(HeaderName.COOKIE, cookies.toString());
        }
        return h;
    }

    private static BadMessageException bad() {
        return new BadMessageException(400, "http2.invalid.header.field");
    }

    /**
     * The codec passes on any byte, and a line end in a field would begin a line of its own where the backend speaks
     * HTTP/1.1. What is refused was asked of Envoy 1.40.0.
     */
    private static boolean areValues(Headers h) {
        for (int i = 0; i < h.size(); i++) {
            AsciiString v = h.value(i);
            byte[] b = v.array();
            for (int k = v.arrayOffset(); k < v.arrayOffset() + v.length(); k++) {
                if (b[k] >= 0 && b[k] < ' ' && b[k] != '\t' || b[k] == 0x7f) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean isToken(CharSequence method) {
        for (int i = 0; i < method.length(); i++) {
            if (!Http1Fields.isTokenChar(method.charAt(i))) {
                return false;
            }
        }
        return method.length() > 0 && !AsciiString.contentEquals(method, "CONNECT");
    }

    private static boolean isPath(CharSequence path, CharSequence method) {
        for (int i = 0; i < path.length(); i++) {
            if (path.charAt(i) <= ' ' || path.charAt(i) == 0x7f) {
                return false;
            }
        }
        return path.length() > 0
                && (path.charAt(0) == '/'
                        || AsciiString.contentEquals(path, "*") && AsciiString.contentEquals(method, "OPTIONS"));
    }

    private static boolean isTe(Headers h) {
        AsciiString te = h.get(HeaderName.TE);
        return te == null || te.contentEquals("trailers");
    }

    static RequestHead request(Http2Headers in) throws BadMessageException {
        CharSequence method = in.method();
        CharSequence path = in.path();
        CharSequence authority = in.authority();
        Headers h = fields(in);
        AsciiString host = h.get(HeaderName.HOST);
        if (host != null) {
            h.remove(HeaderName.HOST);
        }
        JoinedHeaders.joinRequest(h);
        if (method == null || path == null || !isToken(method) || !isPath(path, method) || !areValues(h)) {
            throw bad();
        }
        AsciiString a = authority != null ? AsciiString.of(authority) : host != null ? host : AsciiString.EMPTY_STRING;
        CharSequence scheme = in.scheme();
        if (a.isEmpty() || a.indexOf("@") >= 0 || !Http1Heads.isAuthority(a) || !isTe(h)) {
            throw bad();
        }
        return new RequestHead(
                RequestHead.Protocol.HTTP_2,
                AsciiString.of(method),
                a,
                AsciiString.of(path),
                scheme == null ? HTTP : AsciiString.of(scheme),
                h);
    }

    static Http2Headers request(RequestHead r) {
        Http2Headers out = new DefaultHttp2Headers(false, r.headers().size() + 4);
        out.method(r.method()).scheme(r.scheme()).authority(r.authority()).path(r.path());
        return fields(r.headers(), out);
    }

    static Http2Headers response(ResponseHead r) {
        Http2Headers out = new DefaultHttp2Headers(false, r.headers().size() + 1);
        out.status(io.netty.handler.codec.http.HttpResponseStatus.valueOf(r.status())
                .codeAsText());
        return fields(r.headers(), out);
    }

    static Http2Headers trailers(Headers h) {
        return fields(h, new DefaultHttp2Headers(false, h.size()));
    }

    private static Http2Headers fields(Headers h, Http2Headers out) {
        for (int i = 0; i < h.size(); i++) {
            out.add(h.name(i).text(), h.value(i));
        }
        return out;
    }

    static ResponseHead response(Http2Headers in) throws BadMessageException {
        CharSequence status = in.status();
        if (status == null || status.length() != 3) {
            throw new BadMessageException(502, "upstream_protocol_error");
        }
        Headers h = fields(in);
        if (!areValues(h)) {
            throw new BadMessageException(502, "upstream_protocol_error");
        }
        JoinedHeaders.joinResponse(h);
        return new ResponseHead(AsciiString.of(status).parseInt(), h);
    }
}
