package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.RequestHead;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Locations recorded in the cases vs-redirect and gw-redirect. */
class RedirectsTest {
    private record Row(Redirects redirect, String host, String path, String location) {}

    private static Redirects of(String scheme, String host, int port, String path, String prefix, PathMatch match) {
        return Redirects.compile(
                new RouteAction.Redirect(
                        302, text(scheme), text(host), port, text(path), text(prefix), Optional.empty(), false),
                match);
    }

    private static Optional<String> text(String s) {
        return s.isEmpty() ? Optional.empty() : Optional.of(s);
    }

    private static PathMatch segments(String p) {
        return new PathMatch.SegmentPrefix(p, false);
    }

    private static final PathMatch ANY = PathMatch.ANY;

    private static final List<Row> ROWS = List.of(
            new Row(of("", "", 0, "/target", "", ANY), "ratings:9080", "/uri?a=1", "http://ratings:9080/target?a=1"),
            new Row(
                    of("", "", 0, "/target?fixed=1", "", ANY),
                    "ratings:9080",
                    "/query?a=1",
                    "http://ratings:9080/target?fixed=1"),
            new Row(
                    of("", "other.example", 0, "", "", ANY),
                    "in.example:9080",
                    "/authority/x?a=1",
                    "http://other.example/authority/x?a=1"),
            new Row(of("https", "", 0, "", "", ANY), "in.example:80", "/scheme", "https://in.example/scheme"),
            new Row(of("https", "", 0, "", "", ANY), "in.example:9080", "/scheme", "https://in.example:9080/scheme"),
            new Row(of("", "", 8443, "", "", ANY), "in.example:9080", "/port", "http://in.example:8443/port"),
            new Row(of("", "", 8443, "", "", ANY), "[fd00::1]:9080", "/port", "http://[fd00::1]:8443/port"),
            new Row(of("", "", 8443, "", "", ANY), "[fd00::1]", "/port", "http://[fd00::1]:8443/port"),
            new Row(
                    of("", "example.org", 9080, "", "", ANY),
                    "reviews:9080",
                    "/host/x?q=1",
                    "http://example.org:9080/host/x?q=1"),
            new Row(
                    of("", "", 9080, "", "/new", segments("/prefix")),
                    "reviews:9080",
                    "/prefix/a/b?q=1",
                    "http://reviews:9080/new/a/b?q=1"),
            new Row(
                    of("", "", 9080, "", "/", segments("/prefix-slash")),
                    "reviews:9080",
                    "/prefix-slash/a",
                    "http://reviews:9080//a"),
            new Row(
                    of("", "", 9080, "", "/new/", segments("/prefix-trail")),
                    "reviews:9080",
                    "/prefix-trail/a",
                    "http://reviews:9080/new//a"));

    @Test
    void locations() {
        assertThat(ROWS)
                .allSatisfy(r -> assertThat(r.redirect.location(Heads.request("GET", r.host, r.path)))
                        .isEqualTo(r.location));
    }

    @Test
    void theSchemeIsTheClients() {
        RequestHead head = Heads.request("GET", "ratings:9080", "/uri");
        head.scheme(AsciiString.of("https"));
        assertThat(ROWS.getFirst().redirect.location(head)).isEqualTo("https://ratings:9080/target");
    }

    @Test
    void aGrpcClientGetsUnknownWithTheLocation() {
        LocalReply reply = ROWS.getFirst().redirect.reply(Heads.request("POST", "r", "/uri"));
        assertThat(reply.head(false).status()).isEqualTo(302);
        assertThat(Heads.lines(reply.head(false).headers()))
                .containsExactly("content-length: 0", "location: http://r/target");
        assertThat(reply.head(true).status()).isEqualTo(200);
        assertThat(Heads.lines(reply.head(true).headers()))
                .containsExactly("content-type: application/grpc", "grpc-status: 2", "location: http://r/target");
    }
}
