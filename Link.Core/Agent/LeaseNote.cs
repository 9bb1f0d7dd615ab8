using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>
/// What this machine knows by itself of the host's lease, whatever etcd says: which process had it. Beside the API's socket, in a directory that
/// a reboot empties, as it does the interfaces.
/// </summary>
/// <param name="Process">See <see cref="ProcessIdentity"/>.</param>
internal sealed record LeaseNote(string Hostname, long LeaseId, string Process)
{
    private const int MostBytes = 4_096;

    /// <param name="socket">SOCKET; null: no note is kept.</param>
    public static string? PathBeside(string? socket) => socket == null ? null : $"{socket}.lease";

    /// <summary>The note of a process of this host that has certainly ended; null: there is none.</summary>
    public static LeaseNote? Read(string? path, string hostname)
    {
        try
        {
            if (path == null || new FileInfo(path) is not { Exists: true, Length: <= MostBytes })
                return null;
            LeaseNote? note = RecordJson.Read(path, File.ReadAllBytes(path), static fields => new LeaseNote(
                RecordJson.Text(fields, "hostname"), RecordJson.Integer(fields, "lease_id"), RecordJson.Text(fields, "process"))).Value;
            return note is { LeaseId: not 0 } && note.Hostname == hostname && ProcessIdentity.IsGone(note.Process) ? note : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <returns>Null, or why it cannot be written.</returns>
    public string? Write(string path)
    {
        try
        {
            string next = $"{path}.new";
            File.Delete(next);
            using (var file = new FileStream(next, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(RecordJson.Write(writer =>
                {
                    writer.WriteString("hostname", Hostname);
                    writer.WriteNumber("lease_id", LeaseId);
                    writer.WriteString("process", Process);
                }));
            }

            File.Move(next, path, overwrite: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fault.Message;
        }
    }
}
