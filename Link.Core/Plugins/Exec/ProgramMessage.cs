using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>What the agent and the service of its programs say to each other over a Unix socket: one request, one answer, each a length of four bytes and JSON.</summary>
internal static class ProgramMessage
{
    /// <summary>Of arguments and environment each, 32 KiB of characters, which JSON may make six bytes each.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int LengthBytes = 4;

    public static byte[] Request(ProgramRequest request) => Write(json =>
    {
        WriteStrings(json, "argv", request.Argv);
        WriteStrings(json, "environment", request.Environment);
        json.WriteNumber("timeout_ms", (long)request.Timeout.TotalMilliseconds);
    });

    public static byte[] Ended(ProgramEnd end) => Write(json =>
    {
        json.WriteNumber("end", (int)end.Kind);
        json.WriteNumber("number", end.Number);
        json.WriteBase64String("output", end.Output);
        json.WriteBoolean("cut", end.IsOutputCut);
    });

    public static byte[] Refused(string reason) => Write(json => json.WriteString("refused", reason));

    public static byte[] NotStarted(KernelError error) => Write(json =>
    {
        json.WriteString("not_started", error.What);
        json.WriteNumber("errno", error.Number);
    });

    /// <exception cref="InvalidDataException">It is none.</exception>
    public static ProgramRequest ReadRequest(byte[] message) => Read(message, static json => new ProgramRequest(
        ReadStrings(json.GetProperty("argv")),
        ReadStrings(json.GetProperty("environment")),
        TimeSpan.FromMilliseconds(json.GetProperty("timeout_ms").GetInt32())));

    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="KernelException">The program cannot be started.</exception>
    /// <exception cref="OutputException">The program may not be run.</exception>
    public static ProgramEnd ReadAnswer(byte[] message) => Read(message, static json =>
    {
        if (json.TryGetProperty("refused", out JsonElement reason))
            throw new OutputException(reason.GetString() ?? "");
        if (json.TryGetProperty("not_started", out JsonElement what))
            throw new KernelException(what.GetString() ?? "", json.GetProperty("errno").GetInt32());
        return new ProgramEnd(
            (ProgramEndKind)json.GetProperty("end").GetInt32(),
            json.GetProperty("number").GetInt32(),
            json.GetProperty("output").GetBytesFromBase64(),
            json.GetProperty("cut").GetBoolean());
    });

    public static async Task SendAsync(Socket socket, byte[] message, CancellationToken cancel)
    {
        for (int sent = 0; sent < message.Length;)
            sent += await socket.SendAsync(message.AsMemory(sent), cancel).ConfigureAwait(false);
    }

    /// <returns>The JSON; null: the other side ended before.</returns>
    /// <exception cref="InvalidDataException">It is larger than any message is.</exception>
    public static async Task<byte[]?> ReceiveAsync(Socket socket, CancellationToken cancel)
    {
        byte[] head = new byte[LengthBytes];
        if (!await FillAsync(socket, head, cancel).ConfigureAwait(false))
            return null;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(head);
        if (length > MaxBytes)
            throw new InvalidDataException($"a message of {length} bytes");
        byte[] message = new byte[length];
        return await FillAsync(socket, message, cancel).ConfigureAwait(false) ? message : null;
    }

    private static async Task<bool> FillAsync(Socket socket, byte[] buffer, CancellationToken cancel)
    {
        for (int got = 0; got < buffer.Length;)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(got), cancel).ConfigureAwait(false);
            if (read == 0)
                return false;
            got += read;
        }

        return true;
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        stream.Write(new byte[LengthBytes]);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        byte[] message = stream.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(message.Length - LengthBytes));
        return message;
    }

    private static T Read<T>(byte[] message, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            return read(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException("no message of this protocol", fault);
        }
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static List<string> ReadStrings(JsonElement list) => [.. list.EnumerateArray().Select(static item => item.GetString() ?? throw new FormatException())];
}
