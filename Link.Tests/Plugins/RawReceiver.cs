using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Plugins;

/// <summary>A server on loopback that reads the start of each request, answers the same bytes to all, and closes the connection.</summary>
internal sealed class RawReceiver : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public RawReceiver(string answer)
    {
        _listener.Start();
        _ = ServeAsync(Encoding.UTF8.GetBytes(answer));
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}/hook";

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(byte[] answer)
    {
        var request = new byte[4096];
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                NetworkStream stream = client.GetStream();
                string got = "";
                while (!got.EndsWith("what is sent", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(request);
                    if (read == 0)
                        break;
                    got += Encoding.UTF8.GetString(request, 0, read);
                }

                await stream.WriteAsync(answer);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }
}
