package io.milepost.waypoint;

import io.milepost.hbone.HboneTunnelService;
import io.milepost.hbone.TunnelRequest;
import io.milepost.http.RequestHead;
import io.milepost.mesh.Dispatch.PortDispatch;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.ConnectionNumber;
import io.milepost.waypoint.codec.DownstreamStream;
import io.milepost.waypoint.codec.ExchangeFactory;
import io.milepost.waypoint.codec.ExchangeHandler;
import io.milepost.waypoint.codec.Http1ServerConnection;
import io.milepost.waypoint.codec.Http2ServerConnection;
import io.milepost.waypoint.exchange.ClientConnection;
import io.milepost.waypoint.exchange.HttpService;
import io.milepost.waypoint.exchange.WorkerContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a CONNECT goes: (destination address, port) to the chain of a service port, to a workload, or refused with 503.
 * The mesh in force when the CONNECT came decides its protocol; each exchange uses the chain in force when its head came.
 */
final class TunnelDispatcher implements HboneTunnelService {
    private final Supplier<CompiledMesh> mesh;
    private final Function<EventLoop, WorkerContext> workers;
    private final HttpService.LogSink refusedLog;
    private final BooleanSupplier draining;

    TunnelDispatcher(
            Supplier<CompiledMesh> mesh,
            Function<EventLoop, WorkerContext> workers,
            HttpService.LogSink refusedLog,
            BooleanSupplier draining) {
        this.mesh = mesh;
        this.workers = workers;
        this.refusedLog = refusedLog;
        this.draining = draining;
    }

    @Override
    public void serve(TunnelRequest request) {
        CompiledMesh m = mesh.get();
        String authority = request.authority();
        int colon = authority.lastIndexOf(':');
        String host = colon < 0 ? authority : authority.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        IpAddress ip = IpAddress.parse(host).orElse(null);
        int port = colon < 0 ? -1 : port(authority, colon + 1);
        ClientConnection client = ClientConnection.of(
                ip != null && port >= 0 ? authority : "envoy://main_internal/",
                ip,
                Math.max(port, 0),
                request.peer().remoteAddress(),
                request.header("x-forwarded-for"),
                request.peer().principal(),
                request.peer().localPrincipal(),
                ConnectionNumber.next());
        PortDispatch d = ip == null || port <= 0 ? null : m.find(ip, port);
        WorkerContext worker = workers.apply(request.eventLoop());
        switch (d) {
            case null -> refuse(request, client);
            case PortDispatch.Http h -> http(request, client, worker, m.http(h.chain()));
            case PortDispatch.Tcp t -> tcp(request, client, worker, m.tcp(t.chain()));
            case PortDispatch.Detect x -> detect(request, client, worker, m, x);
        }
    }

    @Override
    public void refused(
            TunnelRequest.PeerConnection peer,
            CharSequence method,
            @Nullable CharSequence authority,
            @Nullable CharSequence path,
            int status) {
        ClientConnection client = ClientConnection.of(
                ClientConnection.text(
                        IpAddress.of(peer.localAddress().getAddress()),
                        peer.localAddress().getPort()),
                null,
                0,
                peer.remoteAddress(),
                null,
                peer.principal(),
                peer.localPrincipal(),
                ConnectionNumber.next());
        refusedLog.log(RefusedTunnel.request(client, method, authority, path, status));
    }

    private static int port(String text, int from) {
        int n = 0;
        if (from == text.length() || text.length() - from > 5) {
            return -1;
        }
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            n = n * 10 + (c - '0');
        }
        return n > 65535 ? -1 : n;
    }

    private void refuse(TunnelRequest request, ClientConnection client) {
        request.refuse(503);
        refusedLog.log(RefusedTunnel.listener(client));
        refusedLog.log(RefusedTunnel.connect(client, request.authority()));
    }

    private void http(
            TunnelRequest request, ClientConnection client, WorkerContext worker, @Nullable HttpService service) {
        if (service == null) {
            refuse(request, client);
            return;
        }
        // The first byte tells HTTP/2 (preface) from HTTP/1.1, as Envoy's AUTO codec does.
        request.accept(new ProtocolDetector(null, first -> httpHandler(service, client, worker, first)));
    }

    ChannelHandler httpHandler(
            HttpService service, ClientConnection client, WorkerContext worker, ProtocolDetector.Protocol first) {
        var exchanges = new CurrentExchanges(service, client, worker);
        return first == ProtocolDetector.Protocol.HTTP2
                ? Http2ServerConnection.handler(exchanges)
                : new Http1ServerConnection(exchanges);
    }

    /** Each exchange takes the chain that is in force when its head arrives; a chain that is gone stays for its tunnels. */
    private final class CurrentExchanges implements ExchangeFactory {
        private final ClientConnection client;
        private final WorkerContext worker;
        private HttpService service;
        private ExchangeFactory exchanges;

        CurrentExchanges(HttpService service, ClientConnection client, WorkerContext worker) {
            this.client = client;
            this.worker = worker;
            this.service = service;
            this.exchanges = service.exchanges(client, worker, draining);
        }

        private ExchangeFactory current() {
            HttpService now = mesh.get().http(service.chain().name());
            if (now != null && !now.equals(service)) {
                service = now;
                exchanges = now.exchanges(client, worker, draining);
            }
            return exchanges;
        }

        @Override
        public ExchangeHandler begin(RequestHead head, boolean end, boolean upgrade, DownstreamStream stream) {
            return current().begin(head, end, upgrade, stream);
        }

        @Override
        public void refused(BadMessageException e, long bytes) {
            current().refused(e, bytes);
        }

        @Override
        public boolean draining() {
            return draining.getAsBoolean();
        }
    }

    private void tcp(
            TunnelRequest request, ClientConnection client, WorkerContext worker, @Nullable TcpService service) {
        if (service == null) {
            refuse(request, client);
            return;
        }
        if (service.looksAtServerNames()) {
            long millis = mesh.get().snapshot().settings().protocolDetectionMillis();
            request.accept(peek(millis, service, client, worker));
            return;
        }
        TcpConnection c = new TcpConnection(service, client, worker, ClientHello.Seen.NO_TLS);
        if (!c.plan()) {
            request.refuse(503);
            refusedLog.log(RefusedTunnel.connect(client, request.authority()));
            return;
        }
        c.serve(request, () -> refusedLog.log(RefusedTunnel.connect(client, request.authority())));
    }

    private void detect(
            TunnelRequest request,
            ClientConnection client,
            WorkerContext worker,
            CompiledMesh m,
            PortDispatch.Detect x) {
        HttpService http = m.http(x.httpChain());
        TcpService tcp = m.tcp(x.tcpChain());
        if (http == null || tcp == null) {
            refuse(request, client);
            return;
        }
        long millis = m.snapshot().settings().protocolDetectionMillis();
        request.accept(new ProtocolDetector(
                new ProtocolDetector.Undeclared(millis, tunnel -> {
                    TcpService now = mesh.get().tcp(x.tcpChain());
                    TcpService service = now == null ? tcp : now;
                    if (service.looksAtServerNames()) {
                        ServerNamePeek peek = peek(millis, service, client, worker);
                        tunnel.pipeline().addLast(peek);
                        return peek;
                    }
                    return open(tunnel, new TcpConnection(service, client, worker, ClientHello.Seen.NO_TLS));
                }),
                first -> httpHandler(http, client, worker, first)));
    }

    /** Puts the connection at the end of its tunnel; null when there is no endpoint for it, and the tunnel is closed. */
    private static @Nullable TcpConnection open(Channel tunnel, TcpConnection c) {
        if (!c.plan()) {
            tunnel.close();
            return null;
        }
        tunnel.pipeline().addLast(c.downstreamHandler());
        c.open(tunnel);
        return c;
    }

    /** The CONNECT is answered before anybody knows where to: clients don't speak earlier. */
    private static ServerNamePeek peek(long millis, TcpService service, ClientConnection client, WorkerContext worker) {
        return new ServerNamePeek(
                millis, (tunnel, hello) -> open(tunnel, new TcpConnection(service, client, worker, hello)));
    }
}
