package io.milepost.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.mesh.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ZtunnelOptionsTest {
    @Command
    static final class Line {
        @Mixin
        PodOptions pods = new PodOptions();

        @Mixin
        ListenOptions listen = new ListenOptions();

        @Mixin
        OperatorOptions operators = new OperatorOptions();

        ZtunnelSettings settings() {
            return listen.settings(pods, 2, 700);
        }
    }

    private static Line parse(String options) {
        Line line = new Line();
        new CommandLine(line).parseArgs(options.split(" "));
        return line;
    }

    @Test
    @DisplayName("one pod: SOCKS5 is on localhost")
    void onePod() {
        ZtunnelSettings s = parse("--root-cert r --pod a/b --ip 127.1.2.3 --outbound-port 1")
                .settings();
        assertThat(s)
                .isEqualTo(new ZtunnelSettings(
                        List.of("a/b"),
                        null,
                        IpAddress.parse("127.1.2.3").orElseThrow(),
                        null,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 15080),
                        15008,
                        15006,
                        1,
                        15080,
                        2,
                        700));
    }

    @Test
    @DisplayName("a node: SOCKS5 is on each pod's address")
    void node() {
        ZtunnelSettings s = parse("--root-cert r --node n --bind 0.0.0.0").settings();
        assertThat(s.node()).isEqualTo("n");
        assertThat(s.socks()).isNull();
        assertThat(s.bind()).isEqualTo(IpAddress.parse("0.0.0.0").orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--pod a/b --cert c --key k",
                "--pod a/b --certs d",
                "--pod a/b --pod a/c --certs d",
                "--node n --certs d"
            })
    void certificatesAreNamed(String options) {
        assertThat(parse("--root-cert r " + options).pods.identities()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--pod a/b",
                "--pod a/b --cert c",
                "--node n --cert c --key k",
                "--certs d",
                "--pod a/b --node n --certs d",
                "--pod a/b --pod a/c --cert c --key k"
            })
    void whatIsMissingOrContradicts(String options) {
        assertThat(parse("--root-cert r " + options).pods.identities()).isNull();
    }

    @Test
    void addressesAreLiterals() {
        Line line = parse("--root-cert r --pod a/b --bind localhost");
        assertThatThrownBy(line::settings).hasMessage("--bind wants an IP address, not 'localhost'");
    }
}
