package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** hbone-and-ztunnel.md §1.8: the gateway forwards the inner connection's bytes and cannot read them. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class DoubleHboneTest {
    @RegisterExtension
    final Mesh mesh = new Mesh();

    private HboneServer workload;
    private HboneServer gateway;
    private final CompletableFuture<TunnelRequest> seenByGateway = new CompletableFuture<>();
    private final CompletableFuture<TunnelRequest> seenByWorkload = new CompletableFuture<>();

    @BeforeEach
    void start() {
        workload = mesh.server(request -> {
            seenByWorkload.complete(request);
            request.accept(new Echo());
        });
        gateway = mesh.started(mesh.serverBuilder(request -> {
                    seenByGateway.complete(request);
                    forward(request, workload.addresses().getFirst());
                })
                .certificates(mesh.ca.workload(TestCa.id("gateway"))));
    }

    private static void forward(TunnelRequest request, InetSocketAddress to) {
        Relay toClient = new Relay();
        new Bootstrap()
                .group(request.eventLoop())
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(toClient);
                    }
                })
                .connect(to)
                .addListener((io.netty.channel.ChannelFuture done) -> {
                    Relay toWorkload = new Relay();
                    Channel tunnel = request.accept(toWorkload);
                    Relay.join(tunnel, toWorkload, done.channel(), toClient);
                });
    }

    private CompletableFuture<Channel> open(HboneClient client, List<String> identities, Collector collector)
            throws Exception {
        // Its bytes are read by the inner TLS, which is added behind it before any can come.
        Channel outer = mesh.open(
                        client,
                        new TunnelTarget(
                                gateway.addresses().getFirst(),
                                List.of(TestCa.id("gateway")),
                                "echo.default.svc.cluster.local:80"),
                        new ChannelInboundHandlerAdapter())
                .get(30, TimeUnit.SECONDS);
        CompletableFuture<Channel> result = new CompletableFuture<>();
        TunnelTarget inner = new TunnelTarget(
                gateway.addresses().getFirst(),
                identities,
                "",
                "echo.default.svc.cluster.local:80",
                List.of("x-forwarded-network", "network-1"));
        outer.eventLoop()
                .execute(() -> client.openThrough(outer, inner, collector).addListener((Future<Channel> done) -> {
                    if (done.isSuccess()) {
                        result.complete(done.getNow());
                    } else {
                        result.completeExceptionally(done.cause());
                    }
                }));
        return result;
    }

    @Test
    void echoesThroughTheGateway() throws Exception {
        HboneClient client = mesh.client();
        Collector collector = new Collector();
        Channel tunnel = open(client, List.of(TestCa.id("server")), collector).get(30, TimeUnit.SECONDS);
        assertThat(seenByGateway.join().authority()).isEqualTo("echo.default.svc.cluster.local:80");
        assertThat(seenByGateway.join().header("x-forwarded-network")).isNull();
        assertThat(seenByWorkload.join().authority()).isEqualTo("echo.default.svc.cluster.local:80");
        assertThat(seenByWorkload.join().header("x-forwarded-network")).isEqualTo("network-1");
        assertThat(seenByWorkload.join().peer().principal()).isEqualTo(TestCa.id("client"));

        tunnel.writeAndFlush(Mesh.bytes("inside"));
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("inside"));
        assertThat(client.connections()).isEqualTo(2);

        // The inner connection is not pooled: it goes with its tunnel, and the outer tunnel with it.
        tunnel.close().sync();
        await().until(() -> client.connections() == 1);
        await().until(() -> gateway.tunnels() == 0 && workload.connections() == 0);
        assertThat(gateway.connections()).isEqualTo(1);
    }

    @Test
    void theInnerIdentityIsVerified() throws Exception {
        HboneClient client = mesh.client();
        assertThat(open(client, List.of(TestCa.id("other")), new Collector()))
                .failsWithin(30, TimeUnit.SECONDS)
                .withThrowableOfType(ExecutionException.class)
                .withMessageContaining("did not present the expected SAN");
        await().until(() -> gateway.tunnels() == 0);
    }
}
