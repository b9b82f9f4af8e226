package io.milepost.hbone;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps half-closed epoll sockets alive.
 *
 * <p>Netty 4.2.17 takes a socket out of epoll as soon as it waits for nothing, which is so after the peer's end of stream,
 * and does not put it back: the next write that has to wait for room, and the next {@code setAutoRead(true)}, fail with
 * "epoll_ctl(..) failed: No such file or directory", and the connection is lost. A socket that also waits for errors
 * never waits for nothing; the kernel reports errors in any case, so nothing else changes.
 */
public final class EpollHalfClose {
    private static final Logger log = LoggerFactory.getLogger(EpollHalfClose.class);
    private static final int EPOLLERR = 8;
    private static final @Nullable MethodHandle SET_FLAG = setFlag();

    private EpollHalfClose() {}

    /** To be called once for a registered channel that may be half-closed; does nothing for other transports. */
    public static void support(Channel channel) {
        MethodHandle handle = SET_FLAG;
        if (handle == null || !(channel instanceof EpollSocketChannel)) {
            return;
        }
        try {
            handle.invoke(channel, EPOLLERR);
        } catch (Throwable e) {
            log.debug("{}: half close may end the connection", channel, e);
        }
    }

    private static @Nullable MethodHandle setFlag() {
        try {
            Class<?> owner = Class.forName("io.netty.channel.epoll.AbstractEpollChannel");
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
                    .findVirtual(owner, "setFlag", MethodType.methodType(void.class, int.class));
        } catch (ReflectiveOperationException | LinkageError e) {
            log.warn(
                    "this Netty has no AbstractEpollChannel.setFlag: half-closed connections may break off ({})",
                    e.toString());
            return null;
        }
    }
}
