package io.milepost.waypoint.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.http.HeaderName;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Asked of Envoy 1.40.0 (wheel) with the resources that istiod made of the recorded case smoke. */
class RequestHeadsTest {
    private static RequestHead http1(String head) throws BadMessageException {
        byte[] b = head.getBytes(StandardCharsets.ISO_8859_1);
        return Http1Heads.parseRequest(b, b.length);
    }

    private static String text(Headers h, String name) {
        return String.valueOf(h.get(HeaderName.of(name)));
    }

    private static int refused(String head) {
        try {
            http1(head);
            return 200;
        } catch (BadMessageException e) {
            return e.status();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1 ",
                "GET /  HTTP/1.1",
                "GET\t/ HTTP/1.1",
                "GET HTTP://h/ HTTP/1.1",
                "OPTIONS *?x HTTP/1.1",
                "QUERY / HTTP/1.1"
            })
    void requestLinesThatPass(String line) {
        assertThat(refused(line + "\r\nhost: a\r\n")).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET * HTTP/1.1",
                "GET foo HTTP/1.1",
                "GET ?a HTTP/1.1",
                "GET http:///x HTTP/1.1",
                "GET http://h:abc/ HTTP/1.1",
                "GET http://h:81#f HTTP/1.1",
                "GET ftp://h/x HTTP/1.1",
                "CONNECT a HTTP/1.1",
                "CONNECT http://a/ HTTP/1.1",
                "get / HTTP/1.1",
                "GET /a b HTTP/1.1"
            })
    void requestLinesThatAreRefused(String line) {
        assertThat(refused(line + "\r\nhost: a\r\n")).isEqualTo(400);
    }

    @Test
    void anAbsoluteTargetGivesTheHostWithoutUserinfo() throws BadMessageException {
        RequestHead head = http1("GET http://u@h:81/x HTTP/1.1\r\nhost: reviews\r\n");

        assertThat(head.authority().toString()).isEqualTo("h:81");
        assertThat(head.path().toString()).isEqualTo("/x");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            quoteCharacter = '~',
            value = {
                "a/b 400",
                "a\\b 400",
                "\"a\" 400",
                "<a> 400",
                "a?b 400",
                "a#b 400",
                "a|b 400",
                "a^b 400",
                "a` 400",
                "{a} 400",
                "a,b 200",
                "a%20b 200",
                "[::1 200",
                ":80 200",
                "a: 200",
                "a:1:2 200",
                "u@a 200"
            })
    void hosts(String host, int status) {
        assertThat(refused("GET / HTTP/1.1\r\nhost: " + host + "\r\n")).isEqualTo(status);
    }

    @Test
    void linesOfOneNameAreJoinedWhereEnvoyKeepsOne() throws BadMessageException {
        Headers h = http1(String.join(
                        "\r\n",
                        "GET / HTTP/1.1",
                        "host: a",
                        "content-type: application/grpc",
                        "x-a: 1",
                        "x-a: 2",
                        "content-type: application/grpc",
                        "accept: ",
                        "accept: b",
                        "accept: ",
                        "vary: 1",
                        "vary: 2",
                        ""))
                .headers();

        assertThat(text(h, "content-type")).isEqualTo("application/grpc,application/grpc");
        assertThat(text(h, "accept")).isEqualTo("b");
        assertThat(h.count(HeaderName.of("x-a"))).isEqualTo(2);
        assertThat(h.count(HeaderName.VARY)).as("one line in responses only").isEqualTo(2);
    }

    @Test
    void twoTransferEncodingsAreAnUnknownOne() throws BadMessageException {
        Headers h = http1("POST / HTTP/1.1\r\nhost: a\r\n" + "transfer-encoding: chunked\r\n".repeat(2))
                .headers();

        assertThatThrownBy(() -> Http1BodyLength.ofRequest(h))
                .isInstanceOfSatisfying(
                        BadMessageException.class, e -> assertThat(e.status()).isEqualTo(501));
    }

    @ParameterizedTest
    @CsvSource({"hi, true", "EHLO, true", "{, true", "GET, true", "xyz\\n, false", "EHLO x\\n, false", "GET /\\n, true"
    })
    void aBeginningIsRefusedWhenItsLineIsComplete(String text, boolean may) {
        ByteBuf in = Unpooled.copiedBuffer(text.replace("\\n", "\r\n"), StandardCharsets.US_ASCII);

        assertThat(Http1FirstBytes.mayBecomeRequest(in, in.readableBytes())).isEqualTo(may);
        in.release();
    }

    @Test
    void aByteThatBeginsNoLineIsRefusedAtOnce() {
        ByteBuf tls = Unpooled.wrappedBuffer(new byte[] {0x16, 3, 1});

        assertThat(Http1FirstBytes.mayBecomeRequest(tls, 3)).isFalse();
        tls.release();
    }

    private static Http2Headers http2() {
        return new DefaultHttp2Headers(false)
                .method(new AsciiString("GET"))
                .scheme(new AsciiString("http"))
                .authority(new AsciiString("echo:70"))
                .path(new AsciiString("/"));
    }

    private static boolean passes(Http2Headers headers) {
        try {
            Http2Heads.request(headers);
            return true;
        } catch (BadMessageException e) {
            return false;
        }
    }

    /** A line end in a field would begin a line of its own where the backend speaks HTTP/1.1. */
    @ParameterizedTest
    @ValueSource(strings = {"b\r\nx-admin: 1", "b\nc", "b\rc", "b\0", "b\u0001", "b\u007f"})
    void http2FieldsHoldNoControlBytes(String value) {
        assertThat(passes(http2().add(new AsciiString("x-a"), new AsciiString(value))))
                .isFalse();
        assertThat(passes(http2().path(new AsciiString("/" + value)))).isFalse();
        assertThat(passes(http2().authority(new AsciiString(value)))).isFalse();
        assertThat(passes(http2().method(new AsciiString(value)))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "foo", "?a", "http://h/x", "\\a", "/a b"})
    void http2PathsThatAreRefused(String path) {
        assertThat(passes(http2().path(new AsciiString(path)))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "a@b", "\"a\"", "a?b", "a#b", "a|b", "a\\b", "<a>", "\u00e9"})
    void http2AuthoritiesThatAreRefused(String authority) {
        assertThat(passes(http2().authority(new AsciiString(authority.getBytes(StandardCharsets.ISO_8859_1)))))
                .isFalse();
    }

    @Test
    void otherHttp2Heads() {
        assertThat(passes(http2())).isTrue();
        assertThat(passes(http2().method(new AsciiString("CONNECT")))).isFalse();
        assertThat(passes(http2().method(new AsciiString("OPTIONS")).path(new AsciiString("*"))))
                .isTrue();
        assertThat(passes(http2().add(new AsciiString("te"), new AsciiString("trailers"))))
                .isTrue();
        assertThat(passes(http2().add(new AsciiString("te"), new AsciiString("gzip"))))
                .isFalse();
        assertThat(passes(http2().add(new AsciiString("x-a"), new AsciiString("a\tb"))))
                .isTrue();
    }
}
