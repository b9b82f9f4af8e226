package io.milepost.waypoint.upstream;

import io.milepost.filters.RetryDecider.Reset;
import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.waypoint.codec.UpstreamStream;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One try as an exchange makes it: a GET, whose outcome the test waits for. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
final class Attempt implements UpstreamStream.Listener, LoopPools.Ready {
    private final LoopPools pools;
    private final ClusterState cluster;
    private final HostState host;
    final CompletableFuture<String> outcome = new CompletableFuture<>();
    volatile boolean rested;
    volatile LoopPools.Waiting waiting;
    private boolean held;

    private Attempt(LoopPools pools, ClusterState cluster, HostState host) {
        this.pools = pools;
        this.cluster = cluster;
        this.host = host;
    }

    static Attempt start(EventLoop loop, LoopPools pools, ClusterState cluster, boolean http2, Traits traits) {
        HostState h = cluster.pick(Fixture.pick().begin());
        Attempt a = new Attempt(pools, cluster, h);
        loop.submit(() -> a.waiting = pools.open(cluster, h, http2, traits, a, a))
                .syncUninterruptibly();
        return a;
    }

    static Attempt start(EventLoop loop, LoopPools pools, ClusterState cluster) {
        return start(loop, pools, cluster, false, Traits.NONE);
    }

    /** Status, or the name of the reset; empty fails the test after ten seconds. */
    String result() throws InterruptedException, ExecutionException, TimeoutException {
        return outcome.get(10, TimeUnit.SECONDS);
    }

    private void over(String how) {
        if (held) {
            held = false;
            pools.released(cluster, host);
        }
        outcome.complete(how);
    }

    @Override
    public void onStream(UpstreamStream stream, boolean hasRested) {
        held = true;
        rested = hasRested;
        stream.head(
                new RequestHead(
                        RequestHead.Protocol.HTTP_1_1,
                        AsciiString.of("GET"),
                        AsciiString.of("reviews"),
                        AsciiString.of("/"),
                        AsciiString.of("http"),
                        new Headers(4)),
                true);
    }

    @Override
    public void onFailure(Reset reason, String detail) {
        over(reason.name());
    }

    private String status = "";

    @Override
    public void onHead(ResponseHead head, boolean end) {
        status = Integer.toString(head.status());
        if (end) {
            over(status);
        }
    }

    @Override
    public void onData(ByteBuf data, boolean end) {
        data.release();
        if (end) {
            over(status);
        }
    }

    @Override
    public void onTrailers(Headers trailers) {
        over(status);
    }

    @Override
    public void onReset(Reset reason, String detail) {
        over(reason.name());
    }

    @Override
    public void onInformational(ResponseHead head) {
        status = "";
    }

    @Override
    public void onWritable() {
        status = status.trim();
    }
}
