package io.milepost.waypoint.upstream;

import io.milepost.mesh.IpAddress;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A question to a balancer and what it answered; one for each event loop, used again for every request, so that a choice
 * allocates nothing. Valid until the next {@link #begin}.
 */
public final class Pick {
    private static final int MAX_SKIPPED = 8;

    private final int loop;
    private final SplittableRandom random;
    private final HostState[] skipped = new HostState[MAX_SKIPPED];
    private final Skip[] reasons = new Skip[MAX_SKIPPED];

    private boolean hashed;
    private long hash;
    private boolean bound;
    private long session;
    private List<HostState> tried = List.of();
    private boolean otherPriorities;
    private @Nullable IpAddress destination;
    private int destinationPort;
    private @Nullable AsciiString authority;

    private int skippedCount;
    private int priority;
    private boolean panic;
    private @Nullable Skip none;
    private @Nullable Waiters waiters;

    /** @param loop number of the event loop, see {@link ClusterManager#newLoop} */
    public Pick(int loop, SplittableRandom random) {
        this.loop = loop;
        this.random = random;
    }

    /** Starts a new question. */
    public Pick begin() {
        hashed = false;
        bound = false;
        tried = List.of();
        otherPriorities = false;
        destination = null;
        destinationPort = 0;
        authority = null;
        forget();
        return this;
    }

    /** The key of consistent hashing; without one the hash balancers choose by chance. */
    public Pick hash(long key) {
        hashed = true;
        hash = key;
        return this;
    }

    /** The client's session is with this endpoint ({@link HostState#sessionId}): it is taken while it may be used. */
    public Pick bound(long sessionId) {
        bound = true;
        session = sessionId;
        return this;
    }

    /** Endpoints of earlier tries, avoided where another exists. */
    public Pick avoiding(List<HostState> hosts) {
        tried = hosts;
        return this;
    }

    /** Priorities of earlier tries are avoided too ({@code retryRemoteLocalities}). */
    public Pick otherPriorities(boolean on) {
        otherPriorities = on;
        return this;
    }

    /** Where the client wanted to go. */
    public Pick destination(@Nullable IpAddress ip, int port) {
        destination = ip;
        destinationPort = port;
        return this;
    }

    /** The host that the request names. */
    public Pick authority(AsciiString host) {
        authority = host;
        return this;
    }

    void forget() {
        skippedCount = 0;
        priority = 0;
        panic = false;
        none = null;
        waiters = null;
    }

    void waiters(@Nullable Waiters w) {
        waiters = w;
    }

    int loop() {
        return loop;
    }

    SplittableRandom random() {
        return random;
    }

    boolean hashed() {
        return hashed;
    }

    long hash() {
        return hash;
    }

    boolean bound() {
        return bound;
    }

    long session() {
        return session;
    }

    List<HostState> tried() {
        return tried;
    }

    boolean otherPriorities() {
        return otherPriorities;
    }

    @Nullable
    IpAddress destination() {
        return destination;
    }

    int destinationPort() {
        return destinationPort;
    }

    @Nullable
    AsciiString authority() {
        return authority;
    }

    void chosen(int fromPriority, boolean inPanic) {
        priority = fromPriority;
        panic = inPanic;
    }

    void skip(HostState host, Skip why) {
        if (skippedCount < MAX_SKIPPED) {
            skipped[skippedCount] = host;
            reasons[skippedCount++] = why;
        }
    }

    @Nullable
    HostState none(Skip why) {
        none = why;
        return null;
    }

    /** Priority of the chosen host. */
    public int priority() {
        return priority;
    }

    /** Whether unhealthy hosts were candidates, because too few are healthy. */
    public boolean panic() {
        return panic;
    }

    /** Why there is no host; null when there is one. */
    public @Nullable Skip none() {
        return none;
    }

    /** Whether names are still being looked up. */
    public boolean pending() {
        return none == Skip.NOT_RESOLVED;
    }

    /**
     * When names are still being looked up: runs the task on its event loop once there is an answer, to choose again.
     *
     * @return false when there is nothing to wait for, or too many wait already
     */
    public boolean whenReady(EventLoop on, Runnable task) {
        Waiters w = waiters;
        return none == Skip.NOT_RESOLVED && w != null && w.add(on, task);
    }

    /** Candidates that came up and were passed over in this choice, at most the first eight. */
    public int skippedCount() {
        return skippedCount;
    }

    public HostState skipped(int i) {
        return skipped[i];
    }

    public Skip skippedReason(int i) {
        return reasons[i];
    }
}
