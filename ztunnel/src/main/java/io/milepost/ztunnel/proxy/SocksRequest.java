package io.milepost.ztunnel.proxy;

import io.milepost.mesh.IpAddress;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * SOCKS5 as far as a client needs it to connect: greeting without authentication, CONNECT to an address or a name. Pure;
 * nothing is consumed before it is complete.
 */
sealed interface SocksRequest {
    /** Greeting and request together are never longer. */
    int MAX_BYTES = 2 + 255 + 4 + 1 + 255 + 2;

    /** More bytes are needed. */
    record Incomplete() implements SocksRequest {}

    /** What a client is told. */
    enum Answer {
        NOTHING(""),
        NO_METHOD("05ff"),
        // To a request; without an address, which nobody reads.
        SUCCESS("05000001000000000000"),
        HOST_UNREACHABLE("05040001000000000000"),
        COMMAND_NOT_SUPPORTED("05070001000000000000"),
        ADDRESS_TYPE_NOT_SUPPORTED("05080001000000000000");

        private final String hex;

        Answer(String hex) {
            this.hex = hex;
        }

        byte[] bytes() {
            return HexFormat.of().parseHex(hex);
        }
    }

    /** Cannot be served. */
    record Bad(String reason, Answer answer) implements SocksRequest {}

    /** A greeting that offers what we want. */
    record Greeting() implements SocksRequest {}

    /**
     * Where to.
     *
     * @param address null when {@code host} is a name
     */
    record Connect(String host, @Nullable IpAddress address, int port) implements SocksRequest {}

    /** Reads a greeting. */
    static SocksRequest greeting(ByteBuf in) {
        int at = in.readerIndex();
        if (in.readableBytes() < 2) {
            return in.isReadable() && in.getByte(at) != 5 ? notSocks() : new Incomplete();
        }
        if (in.getByte(at) != 5) {
            return notSocks();
        }
        int methods = in.getUnsignedByte(at + 1);
        if (in.readableBytes() < 2 + methods) {
            return new Incomplete();
        }
        boolean open = in.indexOf(at + 2, at + 2 + methods, (byte) 0) >= 0;
        in.skipBytes(2 + methods);
        return open
                ? new Greeting()
                : new Bad("the client wants authentication, which there is none of", Answer.NO_METHOD);
    }

    /** Reads the request behind the greeting. */
    static SocksRequest connect(ByteBuf in) {
        int at = in.readerIndex();
        if (in.readableBytes() < 5) {
            return new Incomplete();
        }
        int type = in.getByte(at + 3);
        int length = switch (type) {
            case 1 -> 4;
            case 3 -> 1 + in.getUnsignedByte(at + 4);
            case 4 -> 16;
            default -> -1;
        };
        if (in.getByte(at) != 5) {
            return notSocks();
        }
        if (length < 0) {
            return new Bad("unknown address type " + type, Answer.ADDRESS_TYPE_NOT_SUPPORTED);
        }
        if (in.getByte(at + 1) != 1) {
            return new Bad("only CONNECT is served, not command " + in.getByte(at + 1), Answer.COMMAND_NOT_SUPPORTED);
        }
        if (in.readableBytes() < 4 + length + 2) {
            return new Incomplete();
        }
        int port = in.getUnsignedShort(at + 4 + length);
        Connect connect;
        if (type == 3) {
            String host = in.toString(at + 5, length - 1, StandardCharsets.US_ASCII);
            // curl --socks5-hostname sends literals as names.
            connect = new Connect(host, IpAddress.parse(host).orElse(null), port);
        } else {
            byte[] bytes = new byte[length];
            in.getBytes(at + 4, bytes);
            IpAddress address = IpAddress.of(bytes);
            connect = new Connect(address.toString(), address, port);
        }
        in.skipBytes(4 + length + 2);
        return connect;
    }

    private static Bad notSocks() {
        return new Bad("not SOCKS5", Answer.NOTHING);
    }
}
