package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelRequest.PeerConnection;
import io.milepost.mesh.IpAddress;
import io.milepost.policy.CompiledL4Policies.L4Decision;
import io.milepost.telemetry.ZtunnelMetrics.Flag;
import io.milepost.ztunnel.plan.InboundPlan;
import io.milepost.ztunnel.plan.L4Connection;
import io.milepost.ztunnel.plan.MeshView;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection on its way into the pod: policy, then the application. HBONE and plain connections alike. */
final class InboundConnection {
    private final PodContext pod;
    private final Counting counting = new Counting(this::ended);
    final Splice splice = new Splice(counting);
    private final LiveConnections.Live live;
    private final ConnectionReport report;
    private final L4Connection l4;
    private final InboundPlan.Forward plan;
    private final EventLoop loop;

    /**
     * @param peer without principal for a plain connection
     * @param authority null for a plain connection
     */
    InboundConnection(
            PodContext pod, EventLoop loop, PeerConnection peer, @Nullable String authority, InboundPlan.Forward plan) {
        this.pod = pod;
        this.loop = loop;
        this.plan = plan;
        IpAddress source = IpAddress.of(peer.remoteAddress().getAddress());
        MeshView view = pod.view();
        report = pod.reports().inbound(pod.own(), view.workloadAt(source), peer, authority, plan.service());
        counting.report(report);
        l4 = new L4Connection(peer.principal(), source, plan.address(), plan.port());
        live = new LiveConnections.Live(loop, l4, report, splice::abort);
        pod.live().add(live);
    }

    /** Whether policies allow it; a denial is reported and ends it. */
    boolean isAllowed() {
        L4Decision decision = pod.view().decide(l4, pod.own());
        if (!decision.allowed()) {
            fail(Failures.POLICY + decision.reason(), Flag.DENY);
        }
        return decision.allowed();
    }

    /** Connects to the application; exactly one of both is called, on the event loop. */
    void connect(Consumer<Channel> connected, Runnable failed) {
        InetSocketAddress to = new InetSocketAddress(plan.address().toInetAddress(), plan.port());
        pod.transport()
                .connect(loop, to, Transport.source(pod.address(), to.getAddress()), splice.upstreamSide())
                .addListener((ChannelFuture f) -> {
                    if (f.isSuccess()) {
                        connected.accept(f.channel());
                    } else {
                        fail(Failures.application(f.cause()), Flag.CONNECT);
                        failed.run();
                    }
                });
    }

    /** The client was gone when the application was connected. */
    void cancelled(Channel application) {
        application.close();
        splice.abandon();
        pod.live().remove(live);
        report.complete();
    }

    private void fail(String error, Flag flag) {
        splice.abandon();
        pod.live().remove(live);
        report.failed(error, flag);
    }

    private void ended() {
        pod.live().remove(live);
    }
}
