package io.milepost.ztunnel.proxy;

import io.milepost.hbone.TunnelRequest.PeerConnection;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.Workload;
import io.milepost.telemetry.Labels;
import io.milepost.telemetry.Labels.Peer;
import io.milepost.telemetry.ZtunnelAccessLog;
import io.milepost.telemetry.ZtunnelAccessLog.Direction;
import io.milepost.telemetry.ZtunnelAccessLog.Side;
import io.milepost.telemetry.ZtunnelMetrics;
import io.milepost.ztunnel.plan.OutboundPlan;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Says of each connection who talked to whom: access log and metrics. */
public final class Reports {
    private final Consumer<String> log;
    private final ZtunnelMetrics metrics;

    /** @param log takes lines without line break, from any thread, without blocking */
    public Reports(Consumer<String> log, ZtunnelMetrics metrics) {
        this.log = log;
        this.metrics = metrics;
    }

    static long epochNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    static String text(InetSocketAddress address) {
        return text(IpAddress.of(address.getAddress()), address.getPort());
    }

    static String text(IpAddress address, int port) {
        return address.v6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    ConnectionReport outbound(Workload own, InetSocketAddress client, IpAddress target, int port, OutboundPlan plan) {
        boolean mtls = plan instanceof OutboundPlan.Tunnel;
        Workload peer = plan.peer();
        String destination = switch (plan) {
            case OutboundPlan.Tunnel t -> text(t.address(), t.port());
            case OutboundPlan.Plain p -> text(p.address(), p.port());
            case OutboundPlan.Refused _ -> text(target, port);
        };
        String authority = plan instanceof OutboundPlan.Tunnel t ? t.authority() : null;
        return report(
                Direction.OUTBOUND,
                text(client),
                side(own, mtls ? own.identity().toString() : null),
                destination,
                authority,
                plan.service(),
                side(peer, mtls && peer != null ? peer.identity().toString() : null),
                edge(own, mtls ? own.identity().toString() : null, peer, plan.service(), mtls));
    }

    ConnectionReport inbound(
            Workload own,
            @Nullable Workload source,
            PeerConnection connection,
            @Nullable String authority,
            @Nullable MeshService service) {
        String principal = connection.principal();
        boolean mtls = principal != null;
        return report(
                Direction.INBOUND,
                text(connection.remoteAddress()),
                side(source, principal),
                text(connection.localAddress()),
                authority,
                service,
                side(own, mtls ? own.identity().toString() : null),
                edge(source, principal, own, service, mtls));
    }

    /** A line for a connection that was refused before anything was known of it; there are no metrics of it. */
    void refusedEarly(PeerConnection connection, String error) {
        log.accept(ZtunnelAccessLog.format(new ZtunnelAccessLog.Connection(
                epochNanos(),
                ZtunnelAccessLog.Event.FAILED,
                text(connection.remoteAddress()),
                Side.NOBODY,
                text(connection.localAddress()),
                null,
                null,
                Side.NOBODY,
                Direction.INBOUND,
                0,
                0,
                0,
                error)));
    }

    private ConnectionReport report(
            Direction direction,
            String source,
            Side sourceSide,
            String destination,
            @Nullable String authority,
            @Nullable MeshService service,
            Side destinationSide,
            Labels.Edge edge) {
        return new ConnectionReport(
                new ConnectionReport.Ends(
                        direction,
                        source,
                        sourceSide,
                        destination,
                        authority,
                        service == null ? null : service.hostname(),
                        destinationSide,
                        edge),
                metrics,
                log);
    }

    private static Side side(@Nullable Workload w, @Nullable String identity) {
        return w == null
                ? new Side(null, null, identity, null)
                : new Side(w.name(), w.namespace(), identity, w.cluster().isEmpty() ? null : w.cluster());
    }

    private static Labels.Edge edge(
            @Nullable Workload source,
            @Nullable String principal,
            @Nullable Workload destination,
            @Nullable MeshService service,
            boolean mtls) {
        return new Labels.Edge(
                Peer.source(source, principal),
                mtls || destination == null ? Peer.destination(destination) : withoutPrincipal(destination),
                service == null
                        ? Labels.Service.UNKNOWN_SERVICE
                        : new Labels.Service(service.hostname(), service.name(), service.namespace()),
                mtls);
    }

    private static Peer withoutPrincipal(Workload w) {
        Peer p = Peer.destination(w);
        return new Peer(
                p.workload(),
                p.canonicalService(),
                p.canonicalRevision(),
                p.namespace(),
                "",
                p.app(),
                p.version(),
                p.cluster(),
                p.region(),
                p.zone());
    }
}
