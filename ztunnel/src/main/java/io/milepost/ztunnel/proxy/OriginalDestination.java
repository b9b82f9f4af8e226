package io.milepost.ztunnel.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What a captured connection wanted to reach, as the kernel's address translation remembers it. */
public interface OriginalDestination {
    /** Null when the connection was not captured. */
    @Nullable
    InetSocketAddress of(Channel accepted);

    /** What it wanted to reach, or the address that it was made to where it was not captured. */
    default InetSocketAddress target(Channel accepted) {
        InetSocketAddress captured = of(accepted);
        return captured == null ? (InetSocketAddress) accepted.localAddress() : captured;
    }

    /** {@code SO_ORIGINAL_DST} for both families. */
    OriginalDestination KERNEL = accepted -> {
        InetSocketAddress v4 = Sockaddr.read(accepted, Sockaddr.V4);
        return v4 != null ? v4 : Sockaddr.read(accepted, Sockaddr.V6);
    };

    /** Structures of the kernel. */
    final class Sockaddr {
        private static final int SO_ORIGINAL_DST = 80;
        private static final int SOL_IP = 0;
        private static final int SOL_IPV6 = 41;
        private static final int SOCKADDR_IN = 16;
        private static final int SOCKADDR_IN6 = 28;
        static final RawUnixChannelOption V4 =
                new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN);
        static final RawUnixChannelOption V6 =
                new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6);

        private Sockaddr() {}

        static @Nullable InetSocketAddress read(Channel channel, RawUnixChannelOption option) {
            ByteBuffer raw;
            try {
                raw = channel.config().getOption(option);
            } catch (ChannelException e) {
                // The kernel knows of no translation for this connection.
                return null;
            }
            return raw == null ? null : parse(raw);
        }

        /** Family, port and address of a {@code sockaddr_in} or {@code sockaddr_in6}; null for anything else. */
        static @Nullable InetSocketAddress parse(ByteBuffer raw) {
            int size = raw.remaining();
            if (size != SOCKADDR_IN && size != SOCKADDR_IN6) {
                return null;
            }
            int at = raw.position();
            int port = raw.getShort(at + 2) & 0xFFFF;
            byte[] address = new byte[size == SOCKADDR_IN ? 4 : 16];
            raw.get(at + (size == SOCKADDR_IN ? 4 : 8), address);
            try {
                return port == 0 ? null : new InetSocketAddress(InetAddress.getByAddress(address), port);
            } catch (UnknownHostException e) {
                throw new IllegalStateException("an address of " + address.length + " bytes was refused", e);
            }
        }
    }
}
