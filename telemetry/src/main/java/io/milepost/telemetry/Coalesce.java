package io.milepost.telemetry;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code COALESCE({"operators":["PROTOCOL",{"command":"REQ","param":"x-a","max_length":3}]})}: the first of its operators
 * that has a value.
 */
final class Coalesce {
    private static final String NAME = "COALESCE";
    private static final int OPERATORS_MAX = 32;

    private final String text;
    private int at;

    private Coalesce(String text) {
        this.text = text;
    }

    static Operator compile(String argument, int length) {
        Coalesce c = new Coalesce(argument);
        List<Operator> all = c.operators();
        if (c.peek() != 0) {
            throw c.problem();
        }
        return limited((context, out, mode) -> first(all, context, out, mode), length);
    }

    private static boolean first(List<Operator> all, LogContext context, ByteBuf out, Out.Mode mode) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).write(context, out, mode)) {
                return true;
            }
        }
        return false;
    }

    /** Cuts the texts also of operators that know no length. */
    private static Operator limited(Operator of, int length) {
        return length < 0
                ? of
                : (context, out, mode) -> {
                    ByteBuf scratch = Unpooled.buffer();
                    return of.write(context, scratch, Out.Mode.TEXT)
                            && Operators.write(scratch.toString(StandardCharsets.UTF_8), length, out, mode);
                };
    }

    private List<Operator> operators() {
        List<Operator> all = new ArrayList<>();
        expect('{');
        if (!quoted().equals("operators")) {
            throw problem();
        }
        expect(':');
        expect('[');
        do {
            all.add(peek() == '{' ? object() : Operators.compile(quoted(), null, -1));
        } while (accept(',') && all.size() < OPERATORS_MAX);
        expect(']');
        expect('}');
        return all;
    }

    private Operator object() {
        String command = "";
        String param = null;
        int max = -1;
        expect('{');
        do {
            String key = quoted();
            expect(':');
            switch (key) {
                case "command" -> command = quoted();
                case "param" -> param = quoted();
                case "max_length" -> max = number();
                default -> throw problem();
            }
        } while (accept(','));
        expect('}');
        return limited(Operators.compile(command, param, -1), max);
    }

    private int number() {
        int n = 0;
        int from = at;
        for (char c = peek(); c >= '0' && c <= '9' && at - from < 9; c = peek()) {
            n = n * 10 + (c - '0');
            at++;
        }
        if (at == from) {
            throw problem();
        }
        return n;
    }

    private String quoted() {
        expect('"');
        StringBuilder s = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                at++;
            }
            s.append(text.charAt(at++));
        }
        expect('"');
        return s.toString();
    }

    /** The next character that is no blank; 0 at the end. */
    private char peek() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean accept(char c) {
        boolean is = peek() == c;
        at += is ? 1 : 0;
        return is;
    }

    private void expect(char c) {
        if (!accept(c)) {
            throw problem();
        }
    }

    private IllegalArgumentException problem() {
        return Operators.problem(
                NAME,
                "is not understood at character " + (at + 1)
                        + "; write {\"operators\":[\"PROTOCOL\",{\"command\":\"REQ\",\"param\":\"x-a\",\"max_length\":3}]}");
    }
}
