package io.milepost.filters;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;

/** Request heads for tests. */
final class Heads {
    private Heads() {}

    /** Headers as name, value, name, value ... */
    static RequestHead request(String method, String authority, String path, String... headers) {
        Headers h = new Headers();
        for (int i = 0; i < headers.length; i += 2) {
            h.add(headers[i], headers[i + 1]);
        }
        return new RequestHead(
                RequestHead.Protocol.HTTP_1_1,
                AsciiString.of(method),
                AsciiString.of(authority),
                AsciiString.of(path),
                AsciiString.of("http"),
                h);
    }

    static RequestHead get(String path, String... headers) {
        return request("GET", "ratings:9080", path, headers);
    }

    static List<String> lines(Headers h) {
        List<String> l = new ArrayList<>();
        for (int i = 0; i < h.size(); i++) {
            l.add(h.name(i) + ": " + h.value(i));
        }
        return l;
    }
}
