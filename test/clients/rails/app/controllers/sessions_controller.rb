# frozen_string_literal: true

class SessionsController < ActionController::Base
  GATE = Gate.new
  MAX_HOLD_SECONDS = 120

  # What the test driver sends has no form, so no token either.
  skip_forgery_protection
  before_action :require_login, only: %i[me change hold]

  def healthz
    render plain: 'ok'
  end

  def login
    # The documented guard against session fixation; Rails gives a new id when the answer is written.
    reset_session
    session[:user] = params[:user] || 'somebody'
    session[:changes] = 0
    render json: { user: session[:user] }
  end

  def me
    render json: { user: session[:user], changes: session[:changes] }
  end

  def change
    session[:changes] += 1
    render json: { changes: session[:changes] }
  end

  def hold
    user = session[:user]
    session[:changes] += 1 if params[:change]
    if params[:ms]
      sleep([params[:ms].to_i / 1000.0, MAX_HOLD_SECONDS].min)
    else
      GATE.wait
    end
    render json: { user: user }
  end

  def logout
    reset_session
    render json: { user: nil }
  end

  def release
    render json: { released: GATE.open }
  end

  def held
    render json: { held: GATE.waiting }
  end

  private

  def require_login
    render plain: 'log in first', status: :unauthorized unless session[:user]
  end
end
