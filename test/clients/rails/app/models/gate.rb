# frozen_string_literal: true

# Holds requests until somebody opens it; whoever comes after that waits for the next opening.
class Gate
  def initialize
    @mutex = Mutex.new
    @opened = ConditionVariable.new
    @generation = 0
    @waiting = 0
  end

  def waiting
    @mutex.synchronize { @waiting }
  end

  def wait
    @mutex.synchronize do
      generation = @generation
      @waiting += 1
      @opened.wait(@mutex) while generation == @generation
    end
  end

  # Lets everybody through; returns how many that are.
  def open
    @mutex.synchronize do
      released = @waiting
      @waiting = 0
      @generation += 1
      @opened.broadcast
      released
    end
  end
end
