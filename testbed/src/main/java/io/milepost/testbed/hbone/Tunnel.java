package io.milepost.testbed.hbone;

import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http2.Http2FrameStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One CONNECT stream, used by one thread at a time: bytes in, bytes out. What isn't read here isn't granted to the peer's window either. */
public final class Tunnel implements AutoCloseable {
    @SuppressWarnings("ArrayRecordComponent") // handed over, never shared
    sealed interface Event {
        record Head(List<HttpHeader> headers) implements Event {}

        record Data(byte[] bytes, int window) implements Event {}

        record Ended(String why) implements Event {}

        record Failed(Throwable cause) implements Event {}
    }

    private final HboneTestConnection connection;
    private final Http2FrameStream stream;
    private final boolean ownsConnection;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Received received = new Received();
    private Duration timeout;
    private boolean ended;
    private @Nullable String status;
    private List<HttpHeader> headers = List.of();

    Tunnel(HboneTestConnection connection, Http2FrameStream stream, Duration timeout, boolean ownsConnection) {
        this.connection = connection;
        this.stream = stream;
        this.timeout = timeout;
        this.ownsConnection = ownsConnection;
    }

    Http2FrameStream stream() {
        return stream;
    }

    void event(Event e) {
        events.add(e);
    }

    void awaitAccepted() throws IOException {
        while (status == null) {
            pump();
        }
        if (!"200".equals(status)) {
            close();
            throw new RefusedException(String.valueOf(status));
        }
    }

    /** The headers of the answer to CONNECT. */
    public List<HttpHeader> headers() {
        return headers;
    }

    /** What has come and was not taken; grows in {@link #recvUntil}. */
    public Received received() {
        return received;
    }

    /** Has the peer ended the stream or the connection (as far as it was read)? */
    public boolean ended() {
        return ended;
    }

    /** How long one wait for bytes may take from now on. */
    public void timeout(Duration wait) {
        timeout = wait;
    }

    /** Sends bytes and waits until they are on the wire, that is as long as the peer's windows are closed. */
    public void send(byte[] data) throws IOException {
        send(data, false);
    }

    /** Half-closes the stream. */
    public void end() throws IOException {
        send(new byte[0], true);
    }

    private void send(byte[] data, boolean end) throws IOException {
        if (data.length == 0 && !end) {
            return;
        }
        ChannelFuture written = connection.write(stream, data, end);
        // A stream that the peer has ended meanwhile fails the write; its answer is still to be read, so that is no
        // error here.
        if (!written.awaitUninterruptibly(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new SocketTimeoutException("the peer took no bytes for " + timeout);
        }
    }

    /** Reads until the condition holds or the peer has ended; throws {@link SocketTimeoutException} when nothing comes for the timeout. */
    public void recvUntil(BooleanSupplier done) throws IOException {
        while (!done.getAsBoolean() && !ended) {
            pump();
        }
    }

    private void pump() throws IOException {
        Event e;
        try {
            e = events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException x) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", x);
        }
        switch (e) {
            case null -> throw new SocketTimeoutException("nothing came for " + timeout);
            case Event.Head(List<HttpHeader> head) -> {
                if (status == null) {
                    headers = head;
                    status = head.stream()
                            .filter(h -> h.name().equals(":status"))
                            .findFirst()
                            .map(HttpHeader::value)
                            .orElse("none");
                }
            }
            case Event.Data(byte[] bytes, int window) -> {
                received.add(bytes);
                connection.consumed(stream, window);
            }
            case Event.Ended(String why) -> {
                ended = true;
                if (status == null) {
                    throw new RefusedException(why);
                }
            }
            case Event.Failed(Throwable cause) -> {
                ended = true;
                throw new IOException("connection failed", cause);
            }
        }
    }

    /** Resets the stream; closes the connection if it was opened for this tunnel only. */
    @Override
    public void close() {
        if (ownsConnection) {
            connection.close();
        } else {
            connection.reset(stream);
        }
    }
}
