package io.milepost.bench.mesh;

import io.milepost.bench.load.Http2Frames;
import io.milepost.bench.load.Http2Reader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/** An application that speaks HTTP/2 with prior knowledge and answers each stream alike. */
final class Http2Backend extends ChannelInboundHandlerAdapter implements Http2Reader.Frames {
    /** What streams are answered with. */
    enum Kind {
        /** 1 KiB. */
        PLAIN,
        /** One message and trailers. */
        GRPC,
        /** Each message is sent back; trailers when the client ends. */
        GRPC_STREAM
    }

    private static final byte[] OK = Http2Frames.block(":status", "200", "content-type", "application/octet-stream");
    private static final byte[] GRPC_OK = Http2Frames.block(":status", "200", "content-type", "application/grpc");
    private static final byte[] TRAILERS = Http2Frames.block("grpc-status", "0");
    private static final byte[] ONE_K = new byte[1024];
    private static final byte[] MESSAGE = message(128);

    private final Kind kind;
    private final Http2Reader reader = new Http2Reader(this, true);
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable ByteBuf out;

    Http2Backend(Kind kind) {
        this.kind = kind;
    }

    /** A gRPC message of so many bytes. */
    static byte[] message(int size) {
        byte[] out = new byte[size + 5];
        out[4] = (byte) size;
        return out;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        Http2Frames.greeting(out(), false);
        flushOut(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        try {
            reader.read(data);
        } finally {
            data.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        flushOut(context);
    }

    private void flushOut(ChannelHandlerContext context) {
        ByteBuf ready = out;
        if (ready != null) {
            out = null;
            context.writeAndFlush(ready, context.voidPromise());
        }
    }

    @Override
    public void headers(int stream, int firstByte, boolean end) {
        if (kind == Kind.GRPC_STREAM) {
            Http2Frames.headers(out(), stream, GRPC_OK, false);
        }
        if (end) {
            answer(stream);
        }
    }

    @Override
    public void data(int stream, int bytes, boolean end) {
        if (kind == Kind.GRPC_STREAM && bytes > 0) {
            Http2Frames.data(out(), stream, bytes == MESSAGE.length ? MESSAGE : new byte[bytes], false);
        }
        if (end) {
            answer(stream);
        }
    }

    private void answer(int stream) {
        ByteBuf to = out();
        switch (kind) {
            case PLAIN -> {
                Http2Frames.headers(to, stream, OK, false);
                Http2Frames.data(to, stream, ONE_K, true);
            }
            case GRPC -> {
                Http2Frames.headers(to, stream, GRPC_OK, false);
                Http2Frames.data(to, stream, MESSAGE, false);
                Http2Frames.headers(to, stream, TRAILERS, true);
            }
            case GRPC_STREAM -> Http2Frames.headers(to, stream, TRAILERS, true);
        }
    }

    @Override
    public void broken(int stream, long code) {
        // The proxy's business; its client counts the errors.
    }

    @Override
    public ByteBuf out() {
        ByteBuf b = out;
        if (b == null) {
            ChannelHandlerContext c = ctx;
            if (c == null) {
                throw new IllegalStateException("not added to a pipeline yet");
            }
            b = c.alloc().directBuffer(2048);
            out = b;
        }
        return b;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            context.close();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ByteBuf rest = out;
        if (rest != null) {
            out = null;
            rest.release();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
