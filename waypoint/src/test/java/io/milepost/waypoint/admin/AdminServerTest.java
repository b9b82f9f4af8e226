package io.milepost.waypoint.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.waypoint.WaypointOperations;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The ports themselves, on addresses of this test's own. */
class AdminServerTest {
    private static final String IP = "127.40.0.1";

    private static AdminOptions options(String... arguments) {
        AdminOptions o = new AdminOptions();
        new CommandLine(new Root(o)).parseArgs(arguments);
        return o;
    }

    @CommandLine.Command
    private record Root(@CommandLine.Mixin AdminOptions options) {}

    private static AdminServer start(AdminOptions options, String ip) {
        return AdminServer.start(options, ip, new WaypointOperations("default/w", List::of));
    }

    private static String ask(int port, String methodAndPath, String... headers) throws IOException {
        StringBuilder request = new StringBuilder(methodAndPath).append(" HTTP/1.1\r\n");
        for (String h : headers) {
            request.append(h).append("\r\n");
        }
        request.append("Content-Length: 0\r\nConnection: close\r\n\r\n");
        try (Socket s = new Socket(IP, port)) {
            s.setSoTimeout(20_000);
            s.getOutputStream().write(request.toString().getBytes(StandardCharsets.US_ASCII));
            return new String(s.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void answersBeforeThereIsAWaypoint() throws IOException {
        try (AdminServer server = start(options(), IP)) {
            assertThat(server.addresses())
                    .extracting(InetSocketAddress::getPort)
                    .containsExactlyInAnyOrder(15000, 15020, 15021, 15090);
            assertThat(ask(15021, "GET /healthz/ready", "Host: x"))
                    .startsWith("HTTP/1.1 503 ")
                    .endsWith("PRE_INITIALIZING\n");
            assertThat(ask(15000, "GET /config_dump", "Host: localhost:15000")).startsWith("HTTP/1.1 503 ");
        }
    }

    /** DNS rebinding, and forms of other sites. */
    @Test
    void adminAnswersNoPageOfAnotherSite() throws IOException {
        try (AdminServer server =
                start(options("--status-port", "0", "--metrics-port", "0", "--envoy-metrics-port", "0"), IP)) {
            assertThat(server.addresses()).hasSize(1);
            assertThat(ask(15000, "POST /drain", "Host: evil.example")).startsWith("HTTP/1.1 403 ");
            assertThat(ask(15000, "POST /drain", "Host: 127.40.0.1:15000", "Origin: http://evil.example"))
                    .startsWith("HTTP/1.1 403 ");
            assertThat(ask(15000, "POST /drain", "Host: 127.40.0.1:15000")).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void aTakenPortNamesItsOption() throws IOException {
        try (ServerSocket taken = new ServerSocket(15021, 1, InetAddress.getByName("127.40.0.2"))) {
            assertThat(taken.isBound()).isTrue();
            assertThatThrownBy(() -> start(options(), "127.40.0.2"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("--status-port 15021: cannot listen on 127.40.0.2")
                    .hasMessageContaining("choose another port, or 0 to do without");
        }
    }

    @Test
    void everythingOff() {
        try (AdminServer server = start(
                options("--admin-port", "0", "--status-port", "0", "--metrics-port", "0", "--envoy-metrics-port", "0"),
                IP)) {
            assertThat(server.addresses()).isEmpty();
        }
    }
}
