package io.milepost.waypoint.codec;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
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

    static RequestHead request(Http2Headers in) throws BadMessageException {
        CharSequence method = in.method();
        CharSequence path = in.path();
        CharSequence authority = in.authority();
        Headers h = fields(in);
        AsciiString host = h.get(HeaderName.HOST);
        if (host != null) {
            h.remove(HeaderName.HOST);
        }
        if (method == null || path == null || path.length() == 0) {
            throw new BadMessageException(400, "http2.invalid.header.field");
        }
        AsciiString a = authority != null ? AsciiString.of(authority) : host != null ? host : AsciiString.EMPTY_STRING;
        CharSequence scheme = in.scheme();
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
        return new ResponseHead(AsciiString.of(status).parseInt(), fields(in));
    }
}
