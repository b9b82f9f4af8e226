package io.milepost.waypoint.upstream;

import io.milepost.mesh.IpAddress;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Connects to the first of an endpoint's addresses that answers (happy eyeballs, RFC 8305, as Envoy does it): the next address
 * is tried when one has failed, or has not answered for a moment, and what comes late is closed. One event loop.
 */
final class AddressRace {
    /** Envoy's delay between two attempts, which is RFC 8305's upper recommendation of 250 ms and a little more. */
    static final long DELAY_MILLIS = 300;

    private final EventLoop loop;
    private final List<IpAddress> addresses;
    private final Function<IpAddress, ChannelFuture> dial;
    private final long delayMillis;
    private final Promise<Channel> result;
    private final List<Channel> running = new ArrayList<>(2);
    private @Nullable ScheduledFuture<?> timer;
    private int next;

    private AddressRace(
            EventLoop loop, List<IpAddress> addresses, long delayMillis, Function<IpAddress, ChannelFuture> dial) {
        this.loop = loop;
        this.addresses = addresses;
        this.delayMillis = delayMillis;
        this.dial = dial;
        this.result = loop.newPromise();
    }

    /**
     * Must be called on {@code loop}.
     *
     * @param addresses in the order in which they are tried, at least one
     * @return fails as the last attempt did; cancelling it ends all attempts
     */
    static Future<Channel> start(
            EventLoop loop, List<IpAddress> addresses, long delayMillis, Function<IpAddress, ChannelFuture> dial) {
        AddressRace race = new AddressRace(loop, addresses, delayMillis, dial);
        race.result.addListener(f -> race.stop());
        race.attempt();
        return race.result;
    }

    private void attempt() {
        if (result.isDone() || next == addresses.size()) {
            return;
        }
        ChannelFuture f = dial.apply(addresses.get(next++));
        running.add(f.channel());
        ScheduledFuture<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        timer = next < addresses.size()
                ? loop.schedule(this::attempt, delayMillis, java.util.concurrent.TimeUnit.MILLISECONDS)
                : null;
        f.addListener((ChannelFuture done) -> {
            running.remove(done.channel());
            if (done.isSuccess()) {
                if (!result.trySuccess(done.channel())) {
                    done.channel().close();
                }
            } else if (next < addresses.size()) {
                attempt();
            } else if (running.isEmpty()) {
                result.tryFailure(done.cause());
            }
        });
    }

    private void stop() {
        ScheduledFuture<?> t = timer;
        if (t != null) {
            t.cancel(false);
        }
        next = addresses.size();
        for (Channel c : List.copyOf(running)) {
            c.close();
        }
    }

    /** The families in turn, that of the first address first; the order within a family stays (RFC 8305, 4). */
    static List<IpAddress> interleave(List<IpAddress> addresses) {
        List<IpAddress> like = new ArrayList<>();
        List<IpAddress> other = new ArrayList<>();
        for (IpAddress a : addresses) {
            (a.v6() == addresses.getFirst().v6() ? like : other).add(a);
        }
        List<IpAddress> out = new ArrayList<>(addresses.size());
        for (int i = 0; i < Math.max(like.size(), other.size()); i++) {
            if (i < like.size()) {
                out.add(like.get(i));
            }
            if (i < other.size()) {
                out.add(other.get(i));
            }
        }
        return out;
    }
}
