using System.Globalization;

namespace Link.Tests.Fuzz;

/// <summary>
/// Many inputs of one target, one after another on a thread of its own. Input number i is made by the seed and i alone, so that each can be had again
/// by itself. Nothing is judged by time; only an input that has not ended after a minute counts as one that never does.
/// </summary>
internal sealed class FuzzRun(FuzzTarget target, ulong firstSeed, long inputs)
{
    private const int MostTriesToShorten = 4000;
    private const int StackBytes = 1 << 20;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    private long _done;
    private FuzzFind? _find;

    public FuzzTarget Target => target;

    /// <summary>Inputs that are through.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>Runs all, or up to the first find.</summary>
    /// <param name="look">Called now and then while it runs.</param>
    public FuzzFind? Run(Action? look = null)
    {
        // The stack is the size of a pool's thread: recursion that ends here ends there.
        var worker = new Thread(Work, StackBytes) { IsBackground = true, Name = target.Name };
        worker.Start();
        (long done, long since) = (-1, Environment.TickCount64);
        while (!worker.Join(s_look))
        {
            look?.Invoke();
            if (Done != done)
                (done, since) = (Done, Environment.TickCount64);
            else if (Environment.TickCount64 - since > s_longest.TotalMilliseconds)
                return new FuzzFind(target.Name, firstSeed + (ulong)done, "has not ended within a minute", Make(firstSeed + (ulong)done));
        }

        return _find;
    }

    /// <summary>Reads one input.</summary>
    /// <returns>What it does that none may do; null: nothing.</returns>
    public static string? Judge(FuzzTarget target, byte[] input)
    {
        string? what = Measure(target, input, out long allocated);
        long most = target.MostAtAll + (long)target.MostPerByte * input.Length;
        if (what is not null || !target.IsMeasured || allocated <= most)
            return what;

        // What is made once, and then kept, counts for no input.
        what = Measure(target, input, out allocated);
        return what is not null || allocated <= most ? what : string.Create(CultureInfo.InvariantCulture, $"allocates {allocated} bytes for {input.Length}, at most {most} may be");
    }

    /// <returns>What it does that none may do, apart from the memory that it takes.</returns>
    public static string? Measure(FuzzTarget target, byte[] input, out long allocated)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Read(input);
            return null;
        }
        catch (Exception refusal) when (target.Refusals.Contains(refusal.GetType()))
        {
            return null;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return fault.ToString();
        }
        finally
        {
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private byte[] Make(ulong seed) => target.Make(new Simulation.SimRandom(seed));

    private void Work()
    {
        for (long i = 0; i < inputs; i++)
        {
            ulong seed = firstSeed + (ulong)i;
            byte[] input = Make(seed);
            if (Judge(target, input) is { } what)
            {
                _find = Shorten(new FuzzFind(target.Name, seed, what, input));
                return;
            }

            Volatile.Write(ref _done, i + 1);
        }
    }

    /// <summary>Takes out of the input what it does not need for the same end.</summary>
    private FuzzFind Shorten(FuzzFind find)
    {
        string kind = KindOf(find.What);
        int tries = 0;
        for (int size = find.Input.Length / 2; size > 0; size /= 2)
        {
            for (int at = 0; at + size <= find.Input.Length && tries < MostTriesToShorten; tries++)
            {
                byte[] shorter = [.. find.Input.AsSpan(0, at), .. find.Input.AsSpan(at + size)];
                if (Judge(target, shorter) is { } what && KindOf(what) == kind)
                    find = find with { Input = shorter, What = what };
                else
                    at += size;
            }
        }

        return find;
    }

    /// <summary>The exception's type and where it was thrown, without what it says of the input.</summary>
    private static string KindOf(string what)
    {
        string[] lines = what.Split('\n');
        return lines[0].Split([':', ' '])[0] + (Array.Find(lines, static line => line.StartsWith("   at ", StringComparison.Ordinal)) ?? "");
    }
}
