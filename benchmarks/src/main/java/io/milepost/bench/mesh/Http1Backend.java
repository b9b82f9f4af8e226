package io.milepost.bench.mesh;

import io.milepost.bench.load.Requests;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * An application that speaks just enough HTTP/1.1: the last segment of the path says how large the answer is ({@code /1k},
 * {@code /64k}, {@code /64m}, {@code /200m}), bodies of requests are thrown away, {@code Upgrade} makes an echo of it.
 */
final class Http1Backend extends ChannelInboundHandlerAdapter {
    private static final int CHUNK = 64 * 1024;
    private static final ByteBuf ZEROS = Requests.bytes(new byte[CHUNK]);
    private static final ByteBuf ONE_K = Requests.bytes(Arrays.copyOf(head(1024), head(1024).length + 1024));
    private static final ByteBuf UPGRADED = Requests.bytes(String.join(
            "\r\n",
            "HTTP/1.1 101 Switching Protocols",
            "upgrade: websocket",
            "connection: Upgrade",
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "",
            ""));
    private static final int MAX_HEAD = 16 * 1024;

    private final byte[] head = new byte[MAX_HEAD];
    private int length;
    private int lineFeeds;
    private long requestBody;
    private long answerLeft;
    private long answerSize;
    private boolean upgraded;

    private static byte[] head(long size) {
        return ("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: " + size + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        if (upgraded) {
            ctx.write(data, ctx.voidPromise());
            return;
        }
        try {
            while (data.isReadable()) {
                if (requestBody > 0) {
                    int taken = (int) Math.min(requestBody, data.readableBytes());
                    data.skipBytes(taken);
                    requestBody -= taken;
                    if (requestBody == 0) {
                        respond(ctx);
                    }
                } else if (headRead(data.readByte())) {
                    endOfHead(ctx);
                }
            }
        } finally {
            data.release();
        }
    }

    private boolean headRead(byte b) {
        if (length == MAX_HEAD) {
            throw new IllegalStateException("a request head is larger than " + MAX_HEAD + " bytes");
        }
        head[length++] = b;
        if (b == '\n') {
            return ++lineFeeds == 2;
        }
        if (b != '\r') {
            lineFeeds = 0;
        }
        return false;
    }

    private void endOfHead(ChannelHandlerContext ctx) {
        answerSize = sizeInPath();
        if (head[0] == 'P') {
            requestBody = number(find("content-length:"));
        }
        boolean upgrade = head[0] == 'G' && find("upgrade:") > 0;
        length = 0;
        lineFeeds = 0;
        if (upgrade) {
            upgraded = true;
            ctx.write(UPGRADED.duplicate(), ctx.voidPromise());
        } else if (requestBody == 0) {
            respond(ctx);
        }
    }

    private void respond(ChannelHandlerContext ctx) {
        if (answerSize == 1024) {
            ctx.write(ONE_K.duplicate(), ctx.voidPromise());
            return;
        }
        ctx.write(Unpooled.wrappedBuffer(head(answerSize)), ctx.voidPromise());
        answerLeft += answerSize;
        pump(ctx);
    }

    /** Writes as much as the tunnel takes. */
    private void pump(ChannelHandlerContext ctx) {
        while (answerLeft > 0 && ctx.channel().isWritable()) {
            int n = (int) Math.min(CHUNK, answerLeft);
            answerLeft -= n;
            ctx.write(n == CHUNK ? ZEROS.duplicate() : ZEROS.slice(0, n), ctx.voidPromise());
        }
    }

    /** The number behind the last slash of the path, with k or m. */
    private long sizeInPath() {
        int i = 0;
        while (head[i] != ' ') {
            i++;
        }
        i++;
        int slash = i;
        while (head[i] != ' ' && head[i] != '?') {
            if (head[i] == '/') {
                slash = i;
            }
            i++;
        }
        long value = 0;
        for (int j = slash + 1; j < i; j++) {
            byte b = head[j];
            if (b >= '0' && b <= '9') {
                value = value * 10 + (b - '0');
            } else if (b == 'k') {
                value <<= 10;
            } else if (b == 'm') {
                value <<= 20;
            } else {
                break;
            }
        }
        return value;
    }

    /** Index behind the name of a header at the start of a line; 0 when there is none. */
    private int find(String name) {
        int n = name.length();
        for (int i = 0; i + n < length; i++) {
            if (head[i] == '\n') {
                int k = 0;
                while (k < n && (head[i + 1 + k] | 0x20) == (name.charAt(k) | 0x20)) {
                    k++;
                }
                if (k == n) {
                    return i + 1 + n;
                }
            }
        }
        return 0;
    }

    private long number(int at) {
        long value = 0;
        for (int i = at; at > 0 && head[i] != '\r'; i++) {
            if (head[i] != ' ') {
                value = value * 10 + (head[i] - '0');
            }
        }
        return value;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        pump(ctx);
        ctx.flush();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ctx.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
