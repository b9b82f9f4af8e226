package io.milepost.policy;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.mesh.IpAddress;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Attributes for tests. */
record Caller(
        @Nullable String peerPrincipal,
        IpAddress sourceIp,
        IpAddress remoteIp,
        @Nullable IpAddress destinationIp,
        int destinationPort,
        @Nullable RequestHead request,
        @Nullable String requestedServerName,
        @Nullable Claims claims)
        implements Attributes {

    static IpAddress ip(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    /** A client of namespace default that asks for a path; headers as name, value, name, value ... */
    static Caller http(String method, String path, String... headers) {
        Headers h = new Headers();
        for (int i = 0; i < headers.length; i += 2) {
            h.add(headers[i], headers[i + 1]);
        }
        RequestHead head = new RequestHead(
                RequestHead.Protocol.HTTP_1_1,
                AsciiString.of(method),
                AsciiString.of("reviews-v1:9080"),
                AsciiString.of(path),
                AsciiString.of("http"),
                h);
        return new Caller(
                "spiffe://cluster.local/ns/default/sa/client",
                ip("127.2.0.1"),
                ip("10.0.0.9"),
                ip("10.96.0.31"),
                9080,
                head,
                null,
                null);
    }

    static Caller get(String path, String... headers) {
        return http("GET", path, headers);
    }

    static Caller tcp(@Nullable String principal) {
        return new Caller(principal, ip("127.2.0.1"), ip("127.2.0.1"), ip("10.96.0.12"), 90, null, null, null);
    }

    Caller withClaims(Map<String, List<String>> values) {
        return new Caller(
                peerPrincipal,
                sourceIp,
                remoteIp,
                destinationIp,
                destinationPort,
                request,
                requestedServerName,
                path -> values.getOrDefault(String.join(".", path), List.of()));
    }
}
