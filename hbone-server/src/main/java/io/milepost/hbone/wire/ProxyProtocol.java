package io.milepost.hbone.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** PROXY protocol: v2 as ztunnel writes it (TLV 0xD0 carries the client's SPIFFE identity), and v1. */
public final class ProxyProtocol {
    private static final byte[] SIGNATURE = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    private static final int PROXY_V2 = 0x21;
    private static final int TLV_SPIFFE = 0xd0;

    private ProxyProtocol() {}

    /** Version 1, one line of text, for applications that read no other: it has no place for an identity. */
    public static ByteBuf v1(ByteBufAllocator alloc, InetSocketAddress source, InetSocketAddress destination) {
        InetAddress from = source.getAddress();
        InetAddress to = destination.getAddress();
        String line;
        if (from == null || to == null || from.getAddress().length != to.getAddress().length) {
            // Two families cannot be said in one line.
            line = "PROXY UNKNOWN\r\n";
        } else {
            String family = from.getAddress().length == 4 ? "TCP4" : "TCP6";
            line = "PROXY " + family + ' ' + NetUtil.toAddressString(from) + ' ' + NetUtil.toAddressString(to) + ' '
                    + source.getPort() + ' ' + destination.getPort() + "\r\n";
        }
        return ByteBufUtil.writeAscii(alloc, line);
    }

    /** @param principal SPIFFE URI of the client; null writes no TLV */
    public static ByteBuf v2(
            ByteBufAllocator alloc,
            InetSocketAddress source,
            InetSocketAddress destination,
            @Nullable String principal) {
        InetAddress from = source.getAddress();
        InetAddress to = destination.getAddress();
        boolean mixed = from == null || to == null || from.getAddress().length != to.getAddress().length;
        ByteBuf out = alloc.buffer(128);
        out.writeBytes(SIGNATURE).writeByte(PROXY_V2);
        int lengthAt;
        if (mixed || from == null || to == null) {
            // Two families cannot be said in one header: stream of unspecified family, no addresses.
            out.writeByte(0x01);
            lengthAt = out.writerIndex();
            out.writeShort(0);
        } else {
            out.writeByte(from.getAddress().length == 4 ? 0x11 : 0x21);
            lengthAt = out.writerIndex();
            out.writeShort(0);
            out.writeBytes(from.getAddress()).writeBytes(to.getAddress());
            out.writeShort(source.getPort()).writeShort(destination.getPort());
        }
        if (principal != null) {
            byte[] value = principal.getBytes(StandardCharsets.UTF_8);
            out.writeByte(TLV_SPIFFE).writeShort(value.length).writeBytes(value);
        }
        out.setShort(lengthAt, out.writerIndex() - lengthAt - 2);
        return out;
    }
}
