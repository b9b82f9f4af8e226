package io.milepost.hbone;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The connections of one event loop to one target. */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end their stream or connection, and that is handled
final class TargetPool {
    private final PoolingHboneClient client;
    private final ClientConnector connector;
    private final TunnelTarget key;
    private final Runnable onEmpty;
    private final List<ClientConnection> connections = new ArrayList<>(1);
    private final ArrayDeque<PendingTunnel> waiting = new ArrayDeque<>();
    private boolean connecting;

    TargetPool(PoolingHboneClient client, ClientConnector connector, TunnelTarget key, Runnable onEmpty) {
        this.client = client;
        this.connector = connector;
        this.key = key;
        this.onEmpty = onEmpty;
    }

    void open(PendingTunnel tunnel) {
        if (waiting.isEmpty() && openOnExisting(tunnel)) {
            return;
        }
        if (waiting.size() >= client.settings().maxWaiting()) {
            client.metrics().count(HboneMetrics.Counter.TUNNELS_OVERFLOWED);
            tunnel.fail(new TunnelException(
                    TunnelException.Kind.OVERFLOW,
                    0,
                    waiting.size() + " tunnels wait for a connection to " + ClientErrors.where(key.address())
                            + " already (maxWaiting)"));
            return;
        }
        waiting.add(tunnel);
        connectIfNeeded();
    }

    boolean reopen(PendingTunnel tunnel) {
        client.metrics().count(HboneMetrics.Counter.TUNNELS_RETRIED);
        open(tunnel);
        return true;
    }

    int waiting() {
        return waiting.size();
    }

    private boolean openOnExisting(PendingTunnel tunnel) {
        for (int i = connections.size() - 1; i >= 0; i--) {
            ClientConnection connection = connections.get(i);
            if (connection.canOpen()
                    && tunnel.openOn(connection, client.settings().answerTimeoutMillis())) {
                return true;
            }
        }
        return false;
    }

    /** Single flight: whoever waits shares the connection that is being made. */
    private void connectIfNeeded() {
        if (connecting || waiting.isEmpty()) {
            return;
        }
        if (client.isShutdown()) {
            failWaiting(new TunnelException(
                    TunnelException.Kind.CONNECTION_CLOSED, 0, "the HBONE client is shutting down"));
            return;
        }
        connecting = true;
        connector.connect(key, this::connected, cause -> {
            connecting = false;
            failWaiting(cause);
            removeIfEmpty();
        });
    }

    private void connected(ClientConnection connection) {
        connecting = false;
        connections.add(connection);
        client.opened(connection);
        connection.mux().onTunnelClosed(this::serveWaiting);
        connection.mux().drain().closed().addListener(done -> {
            connections.remove(connection);
            client.closed(connection);
            serveWaiting();
            removeIfEmpty();
        });
        serveWaiting();
    }

    private void serveWaiting() {
        while (!waiting.isEmpty()) {
            PendingTunnel next = waiting.peek();
            if (!next.isCancelled() && !openOnExisting(next)) {
                break;
            }
            waiting.poll();
        }
        connectIfNeeded();
    }

    private void failWaiting(TunnelException cause) {
        for (PendingTunnel next = waiting.poll(); next != null; next = waiting.poll()) {
            next.fail(cause);
        }
    }

    private void removeIfEmpty() {
        if (!connecting && waiting.isEmpty() && connections.isEmpty()) {
            onEmpty.run();
        }
    }
}
