package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelTarget;
import io.milepost.hbone.wire.Authority;
import io.milepost.hbone.wire.Forwarded;
import io.milepost.mesh.IpAddress;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.milepost.ztunnel.plan.OutboundPlan;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One connection of the pod on its way out. */
final class OutboundConnection {
    private final PodContext pod;
    private final Channel client;
    private final Counting counting = new Counting(this::ended);
    private final Splice splice = new Splice(counting);
    private LiveConnections.@Nullable Live live;

    OutboundConnection(PodContext pod, Channel client) {
        this.pod = pod;
        this.client = client;
    }

    ChannelHandler clientSide() {
        return splice.clientSide();
    }

    void early(ByteBuf data) {
        splice.early(data);
    }

    /** Plans and connects. On the client's event loop; {@link #clientSide()} is in its pipeline. */
    void open(IpAddress target, int port) {
        OutboundPlan plan = pod.plan(target, port);
        InetSocketAddress source = (InetSocketAddress) client.remoteAddress();
        ConnectionReport report = pod.reports().outbound(pod.own(), source, target, port, plan);
        counting.report(report);
        LiveConnections.Live entry = new LiveConnections.Live(client.eventLoop(), null, report, this::cut);
        live = entry;
        pod.live().add(entry);
        switch (plan) {
            case OutboundPlan.Refused r -> failed(r.error(), Failures.REFUSED_PLAN, report);
            case OutboundPlan.Tunnel t -> tunnel(t, source, report);
            case OutboundPlan.Plain p -> {
                InetSocketAddress to = new InetSocketAddress(p.address().toInetAddress(), p.port());
                pod.transport()
                        .connect(
                                client.eventLoop(),
                                to,
                                Transport.source(pod.address(), to.getAddress()),
                                splice.upstreamSide())
                        .addListener((ChannelFuture f) -> {
                            if (f.isSuccess()) {
                                splice.join(client, f.channel());
                            } else {
                                failed(f.cause(), report);
                            }
                        });
            }
        }
    }

    private void tunnel(OutboundPlan.Tunnel t, InetSocketAddress source, ConnectionReport report) {
        Authority from = new Authority(IpAddress.of(source.getAddress()).toString(), source.getPort());
        String host = t.service() == null ? null : t.service().hostname();
        List<String> headers = List.of(
                "baggage", Headers.baggage(pod.own()),
                "forwarded", Forwarded.format(from, host),
                "traceparent", Headers.traceparent());
        TunnelTarget target = new TunnelTarget(
                new InetSocketAddress(t.address().toInetAddress(), t.port()),
                t.identities(),
                "",
                t.authority(),
                headers);
        pod.tunnels().open(client.eventLoop(), target, splice.upstreamSide()).addListener((Future<Channel> f) -> {
            if (f.isSuccess()) {
                splice.join(client, f.getNow());
            } else {
                failed(f.cause(), report);
            }
        });
    }

    private void failed(Throwable cause, ConnectionReport report) {
        failed(Failures.text(cause), Failures.flag(cause), report);
    }

    private void failed(String error, Flag flag, ConnectionReport report) {
        splice.abandon();
        ended();
        report.failed(error, flag);
        client.close();
    }

    private void cut() {
        splice.abort();
        client.close();
    }

    private void ended() {
        LiveConnections.Live entry = live;
        if (entry != null) {
            pod.live().remove(entry);
        }
    }
}
