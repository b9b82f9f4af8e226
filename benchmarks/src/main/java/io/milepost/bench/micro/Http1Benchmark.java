package io.milepost.bench.micro;

import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.waypoint.codec.BadMessageException;
import io.milepost.waypoint.codec.Http1Heads;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Heads of HTTP/1.1: bytes to head and head to bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Http1Benchmark {
    private final RequestHead request = Fixtures.request();
    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(4096);
    private ResponseHead response = readResponse();

    /** Parses the response once. */
    @Setup
    public void setUp() {
        response = readResponse();
    }

    @TearDown
    public void tearDown() {
        out.release();
    }

    @Benchmark
    public RequestHead parseRequest() throws BadMessageException {
        // The head keeps the bytes: a copy each, as the decoder makes it.
        return Http1Heads.parseRequest(Fixtures.REQUEST.clone(), Fixtures.REQUEST.length);
    }

    @Benchmark
    public ResponseHead parseResponse() throws BadMessageException {
        return Http1Heads.parseResponse(Fixtures.RESPONSE.clone(), Fixtures.RESPONSE.length);
    }

    @Benchmark
    public ByteBuf writeRequest() {
        out.clear();
        Http1Heads.writeRequest(request, out, null);
        return out;
    }

    @Benchmark
    public ByteBuf writeResponse() {
        out.clear();
        Http1Heads.writeResponse(response, out, null);
        return out;
    }

    private static ResponseHead readResponse() {
        try {
            return Http1Heads.parseResponse(Fixtures.RESPONSE.clone(), Fixtures.RESPONSE.length);
        } catch (BadMessageException e) {
            throw new IllegalStateException(e);
        }
    }
}
