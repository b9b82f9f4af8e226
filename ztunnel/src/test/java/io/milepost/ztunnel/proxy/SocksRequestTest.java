package io.milepost.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.IpAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 1928, as far as it is served. */
class SocksRequestTest {
    private static ByteBuf bytes(String hex) {
        return Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    private static String text(SocksRequest r) {
        return switch (r) {
            case SocksRequest.Incomplete _ -> "incomplete";
            case SocksRequest.Greeting _ -> "greeting";
            case SocksRequest.Bad b -> b.answer().name();
            case SocksRequest.Connect c ->
                c.host() + " " + c.port() + (c.address() == null ? " by name" : " " + c.address());
        };
    }

    @ParameterizedTest
    @CsvSource({
        "05, incomplete",
        "0501, incomplete",
        "050100, greeting",
        "05020200, greeting",
        "050102, NO_METHOD",
        "0500, NO_METHOD",
        "0401, NOTHING",
        "47, NOTHING"
    })
    void greetings(String hex, String expected) {
        ByteBuf in = bytes(hex);
        assertThat(text(SocksRequest.greeting(in))).isEqualTo(expected);
        assertThat(in.readableBytes())
                .isEqualTo(expected.equals("greeting") || expected.equals("NO_METHOD") ? 0 : hex.length() / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "05010001 0a4d0003 1f90, 10.77.0.3 8080 10.77.0.3",
        "05010004 fd000000000000000000000000000003 0050, fd00::3 80 fd00::3",
        "05010003 07 72657669657773 2378, reviews 9080 by name",
        "05010003 09 3132372e302e302e31 0050, 127.0.0.1 80 127.0.0.1",
        "05020001 0a4d0003 1f90, COMMAND_NOT_SUPPORTED",
        "05010002 0a4d0003 1f90, ADDRESS_TYPE_NOT_SUPPORTED",
        "04010001 0a4d0003 1f90, NOTHING"
    })
    void requests(String hex, String expected) {
        assertThat(text(SocksRequest.connect(bytes(hex)))).isEqualTo(expected);
    }

    @Test
    void everyBeginningOfARequestIsIncompleteAndLeftAlone() {
        for (String whole : new String[] {
            "050100010a4d00031f90", "0501000307726576696577732378", "05010004fd0000000000000000000000000000030050"
        }) {
            for (int n = 0; n < whole.length() / 2; n++) {
                ByteBuf in = bytes(whole.substring(0, 2 * n));
                assertThat(SocksRequest.connect(in)).isEqualTo(new SocksRequest.Incomplete());
                assertThat(in.readableBytes()).isEqualTo(n);
            }
        }
    }

    @Test
    void whatFollowsStays() {
        ByteBuf in = bytes("0501000307726576696577732378 474554");
        assertThat(SocksRequest.connect(in)).isInstanceOf(SocksRequest.Connect.class);
        assertThat(in.readableBytes()).isEqualTo(3);
    }

    @Test
    void answers() {
        assertThat(HexFormat.of().formatHex(SocksRequest.Answer.SUCCESS.bytes()))
                .isEqualTo("05000001000000000000");
        assertThat(HexFormat.of().formatHex(SocksRequest.Answer.NO_METHOD.bytes()))
                .isEqualTo("05ff");
        assertThat(IpAddress.parse("reviews")).isEmpty();
    }
}
