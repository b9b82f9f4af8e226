package io.milepost.waypoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.testsupport.ClientHellos;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hellos are those of the JDK's own TLS client. */
class ClientHelloTest {
    private static ClientHello.Seen look(byte... bytes) {
        return ClientHello.look(Unpooled.wrappedBuffer(bytes));
    }

    @Test
    void serverNames() throws Exception {
        assertThat(look(ClientHellos.of("API.Example.com")))
                .isEqualTo(new ClientHello.Seen(true, true, "api.example.com"));
        assertThat(look(ClientHellos.of(null))).isEqualTo(new ClientHello.Seen(true, true, ""));
    }

    @Test
    @DisplayName("every beginning asks for more, and says nothing")
    void beginnings() throws Exception {
        byte[] all = ClientHellos.of("api.example");
        for (int n = 0; n < all.length; n++) {
            assertThat(look(Arrays.copyOf(all, n)).complete()).as("%s bytes", n).isFalse();
        }
        byte[] more = Arrays.copyOf(all, all.length + 10);
        assertThat(look(more).serverName()).isEqualTo("api.example");
    }

    @Test
    @DisplayName("a hello in several records (RFC 8446, 5.1)")
    void records() throws Exception {
        byte[] one = ClientHellos.of("api.example");
        int body = one.length - 5;
        for (int first : new int[] {4, 5, 50, body - 1}) {
            byte[] two = new byte[one.length + 5];
            System.arraycopy(one, 0, two, 0, 5 + first);
            two[3] = (byte) (first >> 8);
            two[4] = (byte) first;
            int at = 5 + first;
            two[at] = 22;
            two[at + 1] = 3;
            two[at + 2] = 3;
            two[at + 3] = (byte) ((body - first) >> 8);
            two[at + 4] = (byte) (body - first);
            System.arraycopy(one, 5 + first, two, at + 5, body - first);
            assertThat(look(two)).isEqualTo(new ClientHello.Seen(true, true, "api.example"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\r\n", "\u0016\u0002", "\u0016\u0003\u0001\u0000\u0010\u0002", "S"})
    void somethingElse(String text) {
        ClientHello.Seen s = look(text.getBytes(StandardCharsets.ISO_8859_1));
        assertThat(s).isEqualTo(ClientHello.Seen.NO_TLS);
    }

    @Test
    @DisplayName("broken hellos never fail, and the longest is bounded")
    void broken() throws Exception {
        byte[] good = ClientHellos.of("api.example");
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = good.clone();
            for (int k = 0; k < 3; k++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            assertThat(look(bad).serverName()).isNotNull();
        }
        byte[] huge = {22, 3, 1, 64, 0, 1, 127, 127, 127};
        assertThat(look(huge)).as("16 MiB of hello").isEqualTo(ClientHello.Seen.NO_TLS);
    }
}
