package io.milepost.testbed.demo;

import com.linecorp.armeria.common.util.TransportType;
import io.milepost.hbone.HboneServer;
import io.milepost.hbone.PemWorkloadCertificates;
import io.milepost.hbone.RequestPolicy;
import io.milepost.hbone.TunnelRequest;
import io.milepost.hbone.WorkloadCertificates;
import io.milepost.testbed.ca.TestCa;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * The server side of one pod: accepts tunnels on 15008 of the pod's address and carries them to the application.
 *
 * <p>Accepts what a ztunnel accepts: a CONNECT to the pod's own address.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close also ends the channel, which is handled
final class HboneInbound implements AutoCloseable {
    private static final int HBONE_PORT = 15008;
    private static final int BAD_REQUEST = 400;
    private static final int UNAVAILABLE = 503;

    private final Pod pod;
    private final WorkloadCertificates certificates;
    private final HboneServer server;

    /**
     * @param loops of the transport that Armeria chose, shared by all pods
     */
    HboneInbound(Pod pod, TestCa.Leaf certificate, Path root, EventLoopGroup loops) throws IOException {
        this.pod = pod;
        certificates = new PemWorkloadCertificates(root, certificate.cert(), certificate.key());
        server = HboneServer.builder()
                .addresses(new InetSocketAddress(pod.address(), HBONE_PORT))
                .certificates(certificates)
                .workerGroup(loops)
                .requestPolicy(RequestPolicy.ZTUNNEL)
                .service(this::serve)
                .start();
    }

    private void serve(TunnelRequest request) {
        int port = port(request.authority());
        if (port < 0) {
            request.refuse(BAD_REQUEST);
            return;
        }
        TunnelRelay toApplication = new TunnelRelay();
        Bootstrap bootstrap = new Bootstrap()
                .group(request.eventLoop())
                .channel(TransportType.socketChannelType(request.eventLoop()))
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(toApplication);
        ChannelFuture connecting = bootstrap.connect(new InetSocketAddress(pod.address(), port));
        connecting.addListener(_ -> connected(request, connecting, toApplication));
    }

    private static void connected(TunnelRequest request, ChannelFuture connecting, TunnelRelay toApplication) {
        if (!connecting.isSuccess()) {
            request.refuse(UNAVAILABLE);
            return;
        }
        Channel application = connecting.channel();
        if (request.isCancelled()) {
            application.close();
            return;
        }
        TunnelRelay toTunnel = new TunnelRelay();
        Channel tunnel = request.accept(toTunnel);
        toTunnel.peer(application);
        toApplication.peer(tunnel);
        application.config().setAutoRead(true);
    }

    /** The port of an authority that names this pod; -1 for anything else. */
    private int port(String authority) {
        String own = pod.address().getHostAddress() + ":";
        if (!authority.startsWith(own)) {
            return -1;
        }
        try {
            return Integer.parseInt(authority.substring(own.length()));
        } catch (NumberFormatException _) {
            // Not a port; the caller answers 400.
            return -1;
        }
    }

    @Override
    public void close() {
        server.close();
        certificates.close();
    }
}
