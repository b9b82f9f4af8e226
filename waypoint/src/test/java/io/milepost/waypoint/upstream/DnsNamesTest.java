package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.Dns.Family;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.upstream.NameResolver.Answer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Against a real name server on loopback. */
class DnsNamesTest {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private TestDnsServer server;
    private DnsNames names;

    @BeforeEach
    void start() throws InterruptedException {
        server = new TestDnsServer(loops);
        names = DnsNames.of(
                loops.next(), NioDatagramChannel.class, NioSocketChannel.class, List.of(server.address()), 400);
    }

    @AfterEach
    void stop() {
        names.close();
        server.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private Answer ask(String name, Family family) throws Exception {
        CompletableFuture<Answer> f = new CompletableFuture<>();
        names.resolve(name, family, f::complete);
        return f.get(10, TimeUnit.SECONDS);
    }

    private static Answer found(long ttl, String... ips) {
        return new Answer.Found(
                java.util.Arrays.stream(ips)
                        .map(s -> IpAddress.parse(s).orElseThrow())
                        .toList(),
                ttl);
    }

    @Test
    @DisplayName("addresses with their time to live")
    void addresses() throws Exception {
        server.has("api.example", "10.0.0.1", "10.0.0.2");
        assertThat(ask("api.example", Family.V4_ONLY)).isEqualTo(found(30_000, "10.0.0.1", "10.0.0.2"));
        server.ttlSeconds = 5;
        assertThat(ask("api.example", Family.V4_ONLY))
                .as("no cache of its own")
                .isEqualTo(found(5_000, "10.0.0.1", "10.0.0.2"));
        assertThat(server.asked).hasSize(2);
    }

    @Test
    @DisplayName("families: one, the preferred with the other as fallback, both")
    void families() throws Exception {
        server.has("both.example", "10.0.0.1", "2001:db8::1").has("six.example", "2001:db8::6");
        assertThat(ask("both.example", Family.V4_ONLY)).isEqualTo(found(30_000, "10.0.0.1"));
        assertThat(ask("both.example", Family.V6_ONLY)).isEqualTo(found(30_000, "2001:db8::1"));
        assertThat(ask("both.example", Family.V4_PREFERRED)).isEqualTo(found(30_000, "10.0.0.1"));
        assertThat(ask("both.example", Family.ALL)).isEqualTo(found(30_000, "10.0.0.1", "2001:db8::1"));
        assertThat(ask("six.example", Family.V4_PREFERRED)).isEqualTo(found(30_000, "2001:db8::6"));
        assertThat(ask("six.example", Family.V4_ONLY)).isInstanceOf(Answer.Missing.class);
        assertThat(ask("six.example", Family.ALL)).isEqualTo(found(30_000, "2001:db8::6"));
    }

    @Test
    @DisplayName("an alias is followed")
    void alias() throws Exception {
        server.alias("www.example", "target.example").has("target.example", "10.0.0.7");
        assertThat(ask("www.example", Family.V4_ONLY)).isEqualTo(found(30_000, "10.0.0.7"));
    }

    @Test
    @DisplayName("a name that does not exist is an answer")
    void missing() throws Exception {
        assertThat(ask("nowhere.example", Family.V4_ONLY)).isInstanceOf(Answer.Missing.class);
        assertThat(ask("nowhere.example", Family.ALL)).isInstanceOf(Answer.Missing.class);
        assertThat(ask("bad..name", Family.V4_ONLY)).isInstanceOf(Answer.Missing.class);
    }

    @Test
    @DisplayName("silence and SERVFAIL are no answers: what is known stays in use")
    void failures() throws Exception {
        server.silentAbout("slow.example").failsFor("broken.example");
        assertThat(ask("slow.example", Family.V4_ONLY)).isInstanceOf(Answer.Failed.class);
        assertThat(ask("broken.example", Family.V4_ONLY)).isInstanceOf(Answer.Failed.class);
    }

    @Test
    @DisplayName("the hosts file comes first")
    void hostsFile() throws Exception {
        assertThat(ask("localhost", Family.V4_ONLY)).isEqualTo(found(60_000, "127.0.0.1"));
        assertThat(server.asked).isEmpty();
    }
}
