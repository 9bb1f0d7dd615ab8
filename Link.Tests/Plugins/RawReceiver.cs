using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Link.Tests.Plugins;

/// <summary>A server on loopback that reads a request, answers the same bytes to all, and closes the connection.</summary>
internal sealed partial class RawReceiver : IDisposable
{
    private const long BodyLength = 100_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly byte[] _piece;
    private readonly TimeSpan _pause;
    private readonly long _most;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _sent;

    /// <param name="answer">All of it, or what comes before the pieces.</param>
    /// <param name="piece">Bytes that are sent again and again, or until the other side closes; 0: none.</param>
    /// <param name="pause">Between pieces.</param>
    /// <param name="most">Bytes of pieces in all. Behind them the connection stays open and silent, until the other side closes it.</param>
    public RawReceiver(string answer, int piece = 0, TimeSpan pause = default, long most = BodyLength)
    {
        _answer = Encoding.UTF8.GetBytes(answer);
        _piece = new byte[piece];
        Array.Fill(_piece, (byte)'x');
        _pause = pause;
        _most = most;
        _listener.Start();
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}/hook";

    /// <summary>Bytes of pieces that the sockets took.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>The other side has closed a connection on which there was more to come.</summary>
    public Task ClosedAsync(CancellationToken cancel) => _closed.Task.WaitAsync(Patience, cancel);

    /// <summary>An answer with a body of 100 MB.</summary>
    public static RawReceiver Huge(int status, int piece, TimeSpan pause = default, long most = BodyLength) =>
        new($"HTTP/1.1 {status} OK\r\nContent-Type: text/plain\r\nContent-Length: {BodyLength}\r\n\r\n", piece, pause, most);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(client.GetStream());
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
            {
                // The other side has heard enough, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        var buffer = new byte[4096];
        string request = "";
        while (!IsWhole(request))
        {
            int read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
                return;
            request += Encoding.Latin1.GetString(buffer, 0, read);
        }

        await stream.WriteAsync(_answer, _stop.Token);
        for (long sent = 0; _piece.Length > 0 && sent < _most; sent += _piece.Length)
        {
            await stream.WriteAsync(_piece, _stop.Token);
            Interlocked.Add(ref _sent, _piece.Length);
            if (_pause > TimeSpan.Zero)
                await Task.Delay(_pause, _stop.Token);
        }

        if (_most >= BodyLength)
            return;
        try
        {
            while (await stream.ReadAsync(buffer, _stop.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset, which is the same.
        }

        _closed.TrySetResult();
    }

    private static bool IsWhole(string request)
    {
        int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return end >= 0 && request.Length - end - 4 == int.Parse(Length().Match(request).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("Content-Length: ([0-9]+)\r\n")]
    private static partial Regex Length();
}
