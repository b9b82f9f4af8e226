package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.waypoint.ProtocolDetector.Protocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each row was asked of Envoy 1.40.0 (wheel) on an undeclared port of the resources that istiod made of log-default: which
 * log line came (of the HTTP chain, of the TCP chain), or none within two seconds.
 */
class FirstLineTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            delimiter = '~',
            value = {
                "UNDECIDED~hi",
                "UNDECIDED~G",
                "UNDECIDED~GET ",
                "UNDECIDED~GET / HTTP/1.1",
                "UNDECIDED~GET / HTTP/1.1<CR>",
                "UNDECIDED~Hello world, this is a longer text without line end",
                "UNDECIDED~a<TAB>b",
                "UNDECIDED~ab<CR>c",
                "UNDECIDED~1abc",
                "UNDECIDED~-x",
                "TCP~<LF>",
                "TCP~<CR><LF>",
                "TCP~<CR>GET",
                "TCP~<0>abc",
                "TCP~ab<0>",
                "TCP~ab<80>",
                "TCP~(abc",
                "TCP~{\"a\"",
                "TCP~ abc",
                "TCP~G<LF>xx",
                "TCP~Gabc<CR><LF>",
                "TCP~HELO mail.example<CR><LF>",
                "TCP~*1<CR><LF>$4<CR><LF>PING<CR><LF>",
                "TCP~<CR><LF><CR><LF>GET / HTTP/1.1<CR><LF>host: echo<CR><LF><CR><LF>",
                "TCP~ GET / HTTP/1.1<CR><LF>",
                "TCP~GET / HTTP/1.0<CR><LF>",
                "TCP~GET / HTTP/1.2<CR><LF>",
                "TCP~GET / FOO/1.1<CR><LF>",
                "TCP~GET / http/1.1<CR><LF>",
                "TCP~GET /<CR><LF>",
                "TCP~GET HTTP/1.1<CR><LF>",
                "TCP~GET / x HTTP/1.1<CR><LF>",
                "TCP~GET /a<80>b HTTP/1.1<CR><LF>",
                "TCP~GET foo HTTP/1.1<CR><LF>",
                "TCP~G(T / HTTP/1.1<CR><LF>",
                "HTTP1~GET / HTTP/1.1<CR><LF>",
                "HTTP1~GET / HTTP/1.1<LF>",
                "HTTP1~GET / HTTP/1.1 <CR><LF>",
                "HTTP1~GET / HTTP/1.1<CR><CR><LF>",
                "HTTP1~GET  / HTTP/1.1<CR><LF>",
                "HTTP1~GET<TAB>/ HTTP/1.1<CR><LF>",
                "HTTP1~get / HTTP/1.1<CR><LF>",
                "HTTP1~GETX / HTTP/1.1<CR><LF>",
                "HTTP1~1 / HTTP/1.1<CR><LF>",
                "HTTP1~PRI * HTTP/1.1<CR><LF>",
                "HTTP1~GET *x HTTP/1.1<CR><LF>",
                "HTTP1~GET a://b HTTP/1.1<CR><LF>",
                "HTTP1~GET http://x/ HTTP/1.1<CR><LF>",
                "HTTP1~CONNECT a:1 HTTP/1.1<CR><LF>",
            })
    void asEnvoy(Protocol expected, String text) {
        byte[] b = text.replace("<CR>", "\r")
                .replace("<LF>", "\n")
                .replace("<TAB>", "\t")
                .replace("<0>", "\0")
                .replace("<80>", "\u0080")
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(FirstLine.look(Unpooled.wrappedBuffer(b))).isEqualTo(expected);
    }

    /** Envoy waits for the end of lines of 20 000 bytes, and closes after 64 KiB. */
    @Test
    void longLines() {
        ByteBuf b = Unpooled.buffer();
        b.writeBytes("Z".repeat(20_000).getBytes(StandardCharsets.US_ASCII));
        assertThat(FirstLine.look(b)).isEqualTo(Protocol.UNDECIDED);
        b.writeBytes("Z".repeat(FirstLine.LONGEST).getBytes(StandardCharsets.US_ASCII));
        assertThat(FirstLine.look(b)).isEqualTo(Protocol.TCP);
        ByteBuf request =
                Unpooled.copiedBuffer("GET /" + "a".repeat(10_000) + " HTTP/1.1\r\n", StandardCharsets.US_ASCII);
        assertThat(FirstLine.look(request)).isEqualTo(Protocol.HTTP1);
    }
}
